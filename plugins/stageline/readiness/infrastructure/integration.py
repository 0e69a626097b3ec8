"""Infrastructure 3: the whole pipeline is integration-tested."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L303"


def find(facts: Facts) -> Evidence | None:
    """Return the newest check that was run for it."""
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.INFRASTRUCTURE, number=3, title="The full ML pipeline is integration tested",
    full="the POC's DAG ran from source to report in a home of its own (`dag.test`), with every step's record",
    lifetime=timedelta(days=30), owner="operations", minutes=5, find=find,
    earn="stageline readiness {name} --earn SL-L303",
)  # fmt: skip
