"""Model 4: the impact of a stale model is known."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L204"


def find(facts: Facts) -> Evidence | None:
    """Return the newest check that was run for it."""
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.MODEL, number=4, title="The impact of model staleness is known",
    full="models of earlier cut-offs were fitted and judged on the same newest rows: the KPI by their age is on "
    "record",
    lifetime=timedelta(days=180), owner="model", minutes=10, find=find, trained=True, needs=("source.event_time",),
    earn="stageline readiness {name} --earn SL-L204",
)  # fmt: skip
