"""Infrastructure 6: models are tried as a canary before they serve."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.rule import ReadinessTest
from stageline.spec import Stage

CODE = "SL-L306"


def find(facts: Facts) -> Evidence | None:
    """Return whether the newest model in use was a canary before; one that was undone was one, too.

    A shadow is no canary: nobody gets its answers.
    """
    tried = {digest for fact in facts.of_kind("canary") if (digest := _canary(fact, "after"))}
    for fact in facts.of_kind("promotion", "canary_end"):
        if fact.kind == "canary_end":
            if not _canary(fact, "before"):
                continue
            return evidence_of(
                CODE, fact, f"the newest canary was tried and taken out: {fact.sentence}", verdict=held(True)
            )
        change = fact.evidence.get("head_change") or {}
        if not change.get("before"):
            return None  # the first of all has nothing to be tried beside
        version = change["after"]["version"]
        was = change["after"]["digest"] in tried
        detail = f"version {version} was {'a canary before it was' if was else 'no canary before it was'} released"
        return evidence_of(CODE, fact, detail, verdict=held(was))
    return None


def _canary(fact: Fact, when: str) -> str:
    """Return the digest of the model that had a share of the traffic before or after a change; empty for none."""
    found = (fact.evidence.get("canary_change") or {}).get(when) or {}
    return str((found.get("model") or {}).get("digest") or "") if found.get("percent") else ""


TEST = ReadinessTest(
    code=CODE, section=Section.INFRASTRUCTURE, number=6,
    title="Models are deployed via a canary process before serving",
    full="the newest release was a canary before, or the newest canary was taken out",
    lifetime=timedelta(days=180), owner="operations", minutes=240, find=find, since=Stage.PRODUCTION,
    needs=("release.rollout",), earn="{train} (a second model: the rollout tries it beside the champion)",
)  # fmt: skip
