"""Monitoring 5: the model is numerically stable."""

from datetime import timedelta

from stageline.readiness.evidence import FULL, HALF, Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of, held
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L405"
# Of each step, the check that says that what the model answers is a number.
_FINITE = {"score": "SL-B003", "validate": "SL-V008", "train": "SL-T001"}


def find(facts: Facts) -> Evidence | None:
    """Return the newest check of each step that asks a model for finite answers."""
    found = []
    for step, code in _FINITE.items():
        fact = next((each for each in facts.of(step) if each.with_code(code)), None)
        if fact is not None:
            found.append((fact, [check for check in fact.with_code(code) if not check.verdict.advances]))
    if not found:
        return None
    bad = next(((fact, checks[0]) for fact, checks in found if checks), None)
    if bad is not None:
        return evidence_of(CODE, bad[0], bad[1].message, verdict=held(False))
    steps = [fact.step for fact, _ in found]
    full = len(steps) > 1 or steps[0] != "train"
    newest = max((fact for fact, _ in found), key=lambda fact: fact.position)
    detail = f"every answer is finite in {' and '.join(steps)}"
    return evidence_of(CODE, newest, detail, verdict=held(True), worth=FULL if full else HALF)


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=5, title="Models are numerically stable",
    full="the newest answers are finite in validation's edge cases (SL-V008) or in scoring (SL-B003)",
    half="only on the training's rows (SL-T001)", lifetime=timedelta(days=30), owner="model", minutes=15, find=find,
    most_in_poc=HALF,
    earn="{train}",
)  # fmt: skip
