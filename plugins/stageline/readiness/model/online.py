"""Model 2: offline and online metrics correlate."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.rule import ReadinessTest
from stageline.spec import Stage
from stageline.verdicts import Verdict

CODE = "SL-L202"
_LOSS = "SL-M014"
_DECIDED = (Verdict.PASSED, Verdict.WARNED, Verdict.FAILED)


def find(facts: Facts) -> Evidence | None:
    """Return the newest window in which the live KPI could be laid beside what the holdout leads one to expect."""
    for fact in facts.windows("performance"):
        for check in fact.with_code(_LOSS):
            if check.verdict in _DECIDED:
                return evidence_of(CODE, fact, check.message, verdict=check.verdict)
    return None


TEST = ReadinessTest(
    code=CODE, section=Section.MODEL, number=2, title="Offline and online metrics correlate",
    full="in the newest window that could be judged, the live KPI is what the release's holdout leads one to expect "
    "(SL-M014)", lifetime=timedelta(days=30), owner="model", minutes=30, find=find, since=Stage.PILOT,
    needs=("source.event_time", "monitor"), earn="{monitor} (once labels of scored rows are known)",
)  # fmt: skip
