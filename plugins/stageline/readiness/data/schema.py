"""Data 1: expectations of the features are captured in a schema."""

from datetime import timedelta

from stageline.readiness.evidence import FULL, HALF, Evidence, Section
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.rule import ReadinessTest
from stageline.verdicts import Check, Verdict

CODE = "SL-L101"
_RUNS = 3
_LIFETIME = timedelta(days=30)
_EXPECTATION = "SL-Q001"


def find(facts: Facts) -> Evidence | None:
    """Return whether the expectations were asked in the newest runs."""
    newest = facts.last("quality")
    if newest is None:
        return None
    if not (count := len(_asked(newest))):
        return evidence_of(CODE, newest, "the newest run checked no expectation", verdict=Verdict.FAILED)
    recent = (fact for fact in facts.of("quality") if fact.at >= newest.at - _LIFETIME)
    runs = min(len({fact.run for fact in recent if _asked(fact)}), _RUNS)
    detail = f"{count} expectation(s) were checked in {runs} of the last {_RUNS} runs that count"
    return evidence_of(CODE, newest, detail, verdict=Verdict.PASSED, worth=FULL if runs == _RUNS else HALF)


def _asked(fact: Fact) -> list[Check]:
    """Return the expectations that could be checked."""
    return [check for check in fact.with_code(_EXPECTATION) if check.verdict is not Verdict.ERRORED]


TEST = ReadinessTest(
    code=CODE, section=Section.DATA, number=1, title="Feature expectations are captured in a schema",
    full="the expectations were checked in three runs", half="in one or two runs",
    lifetime=_LIFETIME, owner="data", minutes=5, find=find,
    earn="{train} (until three runs are on record; declare expectations under `quality`)",
)  # fmt: skip
