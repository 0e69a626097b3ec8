"""Monitoring 5: the model is numerically stable."""

from datetime import timedelta

from stageline.readiness.evidence import FULL, HALF, Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L405"
_LIFETIME = timedelta(days=30)
# Of each step, the check that says that what the model answers is a number.
_FINITE = {"score": "SL-B003", "validate": "SL-V008", "train": "SL-T001"}


def find(facts: Facts) -> Evidence | None:
    """Return the newest check of each step that asks a model for finite answers, as long as each holds."""
    asked = [
        next((fact for fact in facts.of(step) if fact.with_code(code)), None) for step, code in _FINITE.items()
    ]  # fmt: skip
    known = [fact for fact in asked if fact is not None]
    if not known:
        return None
    newest = max(known, key=lambda fact: fact.at)
    # What is that much older than the newest counts neither for the model nor against it.
    recent = [fact for fact in known if fact.at >= newest.at - _LIFETIME]
    for fact in recent:
        for check in fact.with_code(_FINITE[fact.step]):
            if not check.verdict.advances:
                return evidence_of(CODE, fact, check.message, verdict=held(False))
    served = [fact for fact in recent if fact.step != "train"]
    detail = f"every answer is finite in {' and '.join(fact.step for fact in recent)}"
    told = max(served, key=lambda fact: fact.at) if served else newest
    return evidence_of(CODE, told, detail, verdict=held(True), worth=FULL if served else HALF)


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=5, title="Models are numerically stable",
    full="the newest answers are finite in validation's edge cases (SL-V008) or in scoring (SL-B003)",
    half="only on the training's rows (SL-T001)", lifetime=_LIFETIME, owner="model", minutes=15, find=find,
    most_in_poc=HALF,
    earn="{train}",
)  # fmt: skip
