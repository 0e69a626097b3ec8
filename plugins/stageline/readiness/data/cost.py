"""Data 3: no feature costs too much."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L103"


def find(facts: Facts) -> Evidence | None:
    """Return the newest check that was run for it."""
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.DATA, number=3, title="No feature's cost is too much",
    full="one thread's computing time to read 1,000 rows and prepare them is no more than `readiness.max_feature_ms` "
    "for any feature",
    lifetime=timedelta(days=90), owner="data", minutes=3, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L103",
)  # fmt: skip
