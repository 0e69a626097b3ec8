"""Monitoring 7: no regression in the quality of served predictions."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.rule import ReadinessTest
from stageline.spec import Stage
from stageline.verdicts import Verdict

CODE = "SL-L407"
_GOAL = "SL-M013"
_DECIDED = (Verdict.PASSED, Verdict.WARNED, Verdict.FAILED)


def find(facts: Facts) -> Evidence | None:
    """Return the newest window whose labels let the KPI be judged."""
    for fact in facts.windows("performance"):
        for check in fact.with_code(_GOAL):
            if check.verdict in _DECIDED:
                return evidence_of(CODE, fact, check.message, verdict=check.verdict)
    return None


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=7, title="No regression in prediction quality on served data",
    full="in the newest window that could be judged, the KPI of what was served meets its goal (SL-M013)",
    lifetime=timedelta(days=30), owner="model", minutes=30, find=find, since=Stage.PILOT,
    needs=("source.event_time", "monitor"), earn="{monitor} (once labels of scored rows are known)",
)  # fmt: skip
