"""Data 7: all code that makes features is tested."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L107"


def find(facts: Facts) -> Evidence | None:
    """Return the newest check that was run for it."""
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.DATA, number=7, title="All input feature code is tested",
    full="on rows of the source, the features are the same twice, in any order of the rows, and for each row alone",
    lifetime=timedelta(days=90), owner="model", minutes=3, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L107",
)  # fmt: skip
