"""Infrastructure 2: the model's spec is unit-tested."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L302"


def find(facts: Facts) -> Evidence | None:
    """Return the newest check that was run for it."""
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.INFRASTRUCTURE, number=2, title="Model specification code is unit tested",
    full="the spec's estimator learns from 200 rows, is the same after it was stored and loaded, answers rows one by "
    "one, and a wrong parameter is refused",
    lifetime=timedelta(days=90), owner="model", minutes=3, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L302",
)  # fmt: skip
