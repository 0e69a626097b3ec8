"""Model 1: the model's spec is reviewed and checked in."""

from dataclasses import replace
from datetime import datetime, timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Fact, Facts, content_digest
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest
from stageline.verdicts import Verdict

CODE = "SL-L201"


def find(facts: Facts) -> Evidence | None:
    """Return the newest look at the repository; one of another spec than today's says nothing of today's."""
    found, fact = earned(facts, CODE), facts.earned(CODE)
    if found is None or fact is None or fact.verdict is Verdict.ERRORED:
        return found
    if fact.body.get("content") != content_digest(facts.spec):
        detail = f"the spec changed since record #{fact.position} looked at it"
        return replace(found, verdict=Verdict.FAILED, detail=detail)
    return found


def is_of_today(said: Fact, facts: Facts) -> bool:
    """Whether a review was attested of the spec as it is: by its content, else not before that was committed."""
    if (content := said.evidence.get("content")) is not None:
        return bool(content == content_digest(facts.spec))
    fact = facts.earned(CODE)
    if fact is None:
        return True  # nothing is known of commits
    since = fact.body.get("committed_at")
    return said.at >= (datetime.fromisoformat(since) if since else fact.at)


TEST = ReadinessTest(
    code=CODE, section=Section.MODEL, number=1, title="Every model specification is reviewed and checked in",
    full="the spec is committed to git as it is, and the commit that it came with was merged or committed by another "
    "person than its author, or names one by address in a `Reviewed-by:` trailer; or it is committed and a review is "
    "attested",
    half="it is committed, and nothing shows a review", lifetime=timedelta(days=365), owner="model", minutes=10,
    find=find, counts=is_of_today, adds=True,
    earn="stageline readiness {name} --earn SL-L201 (after committing config/pipelines/{name}.yaml)",
)  # fmt: skip
