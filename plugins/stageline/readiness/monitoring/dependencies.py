"""Monitoring 1: changes of what the pipeline depends on are told."""

from datetime import timedelta

from stageline.readiness.evidence import FULL, HALF, Evidence, Section
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.monitoring import skew
from stageline.readiness.rule import ReadinessTest
from stageline.spec import Stage
from stageline.verdicts import Verdict

CODE = "SL-L401"
_COLUMNS, _LIBRARIES = "SL-B005", "SL-V005"


def find(facts: Facts) -> Evidence | None:
    """Return whether columns and libraries are compared with training's, and whether the alert step tells of it."""
    # A server scores no tables: there the columns are compared by the check of SL-L403.
    scores = any(fact.with_code(_COLUMNS) for fact in facts.of("score"))
    scored = _newest(facts, "score", _COLUMNS) if scores else _advanced(facts.earned(skew.TEST.code))
    validated = _newest(facts, "validate", _LIBRARIES)
    told = _advanced(facts.last("alert"))
    found = [each for each in (scored, validated, told) if each is not None]
    if not found:
        return None
    words = {
        "columns are compared at each scoring": scored, "libraries at each validation": validated,
        "the alert step tells the owners": told,
    }  # fmt: skip
    detail = "; ".join(word if fact else f"not on record: {word}" for word, fact in words.items())
    everything = len(found) == len(words)
    # As old as its oldest part: any of the three that stops ends it.
    oldest = min(found, key=lambda each: each.position)
    return evidence_of(CODE, oldest, detail, verdict=Verdict.PASSED, worth=FULL if everything else HALF)


def _newest(facts: Facts, step: str, code: str) -> Fact | None:
    """Return the newest record of a step with a check, if that could be made."""
    found = next((fact for fact in facts.of(step) if fact.with_code(code)), None)
    compared = found and all(check.verdict is not Verdict.ERRORED for check in found.with_code(code))
    return found if compared else None


def _advanced(fact: Fact | None) -> Fact | None:
    return fact if fact is not None and fact.verdict.advances else None


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=1, title="Dependency changes result in notification",
    full="scoring compares the columns with training's (SL-B005; or the check of SL-L403 does), validation the "
    "libraries (SL-V005), and the alert step tells the owners",
    half="some of the three", lifetime=timedelta(days=30), owner="operations", minutes=20,
    find=find, since=Stage.PILOT, needs=("source.event_time", "monitor"), earn="{monitor}",
)  # fmt: skip
