"""Infrastructure 7: models can be rolled back quickly and safely."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.rule import ReadinessTest
from stageline.spec import Stage

CODE = "SL-L307"


def find(facts: Facts) -> Evidence | None:
    """Return the newest drill, also one that could not be held."""
    drill = facts.last("drill")
    return evidence_of(CODE, drill, drill.sentence) if drill else None


TEST = ReadinessTest(
    code=CODE, section=Section.INFRASTRUCTURE, number=7, title="Models can be quickly and safely rolled back",
    full="the newest rollback drill passed", lifetime=timedelta(days=35), owner="operations", minutes=3,
    find=find, since=Stage.PILOT, in_use=True, earn="stageline readiness {name} --earn SL-L307",
)  # fmt: skip
