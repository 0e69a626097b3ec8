"""Monitoring 3: training and serving are not skewed."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned, evidence_of, newer
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L403"
_SKEW = "SL-B006"


def find(facts: Facts) -> Evidence | None:
    """Return the newest comparison of the features in serving with those of training."""
    for fact in facts.of("score"):
        for check in fact.with_code(_SKEW):
            return newer(earned(facts, CODE), evidence_of(CODE, fact, check.message, verdict=check.verdict))
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.MONITORING, number=3, title="Training and serving are not skewed",
    full="features of rows of the snapshot come out the same in serving: at the newest scoring (SL-B006), or in a "
    "check of its own", lifetime=timedelta(days=14), owner="model", minutes=3, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L403",
)  # fmt: skip
