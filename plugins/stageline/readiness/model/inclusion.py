"""Model 7: the model was tested for considerations of inclusion."""

from datetime import timedelta

from stageline.readiness.evidence import HALF, Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L207"
_FAIRNESS = "SL-G004"


def find(facts: Facts) -> Evidence | None:
    """Return what the newest evaluation says of differences between groups: one half of the test."""
    for fact in facts.of("evaluate"):
        if checks := fact.with_code(_FAIRNESS):
            bad = [check.message for check in checks if not check.verdict.advances]
            detail = bad[0] if bad else "; ".join(check.message for check in checks)
            return evidence_of(CODE, fact, detail, verdict=held(not bad), worth=HALF)
    return None


TEST = ReadinessTest(
    code=CODE, section=Section.MODEL, number=7, title="The model has been tested for considerations of inclusion",
    full="the gate's groups do not differ too much (SL-G004), and a person attests that the groups are the right ones",
    half="one of the two", lifetime=timedelta(days=180), owner="business", minutes=60, find=find, adds=True,
    earn='stageline attest {name} SL-L207 --by PERSON --note "which groups were looked at, and what was found"',
)  # fmt: skip
