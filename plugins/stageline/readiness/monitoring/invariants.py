"""Monitoring 2: data invariants hold for what comes in."""

from datetime import timedelta

from stageline.readiness.evidence import FULL, HALF, Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.rule import ReadinessTest
from stageline.verdicts import Mode

CODE = "SL-L402"


def find(facts: Facts) -> Evidence | None:
    """Return the newest verdict about the data; where it stops nothing, it is only read."""
    checked = facts.last("quality")
    if checked is None:
        return None
    enabled = checked.mode is Mode.ENABLED
    detail = checked.sentence if enabled else f"{checked.sentence} (dry run: it would not stop the pipeline)"
    return evidence_of(CODE, checked, detail, worth=FULL if enabled else HALF)


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=2, title="Data invariants hold for inputs",
    full="the newest quality step advanced, and could have stopped the run", half="it advanced, in a dry run",
    lifetime=timedelta(days=14), owner="data", minutes=10, find=find, most_in_poc=HALF, earn="{train}",
)  # fmt: skip
