"""Data 6: new features can be added quickly."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L106"


def find(facts: Facts) -> Evidence | None:
    """Return the newest check that was run for it."""
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.DATA, number=6, title="New features can be added quickly",
    full="a column that is added to a copy of the source becomes a feature of a fitted and evaluated model "
    "without a line of code, within an hour",
    lifetime=timedelta(days=180), owner="model", minutes=3, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L106",
)  # fmt: skip
