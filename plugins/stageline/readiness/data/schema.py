"""Data 1: expectations of the features are captured in a schema."""

from datetime import timedelta

from stageline.readiness.evidence import FULL, HALF, Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.rule import ReadinessTest
from stageline.verdicts import Verdict

CODE = "SL-L101"
_RUNS = 3
_EXPECTATION = "SL-Q001"


def find(facts: Facts) -> Evidence | None:
    """Return whether the expectations were asked in the newest runs."""
    newest = facts.newest("quality")
    if newest is None:
        return None
    if not newest.with_code(_EXPECTATION):
        return evidence_of(CODE, newest, "the newest run checked no expectation", verdict=Verdict.FAILED)
    asked = {fact.run for fact in facts.of("quality") if fact.with_code(_EXPECTATION)}
    runs, count = min(len(asked), _RUNS), len(newest.with_code(_EXPECTATION))
    detail = f"{count} expectation(s) were checked in {runs} of the last {_RUNS} runs that count"
    return evidence_of(CODE, newest, detail, verdict=Verdict.PASSED, worth=FULL if runs == _RUNS else HALF)


TEST = ReadinessTest(
    code=CODE, section=Section.DATA, number=1, title="Feature expectations are captured in a schema",
    full="the expectations were checked in three runs", half="in one or two runs",
    lifetime=timedelta(days=30), owner="data", minutes=5, find=find,
    earn="{train} (until three runs are on record; declare expectations under `quality`)",
)  # fmt: skip
