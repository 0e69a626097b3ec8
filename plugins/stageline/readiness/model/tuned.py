"""Model 3: hyperparameters are tuned."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L203"


def find(facts: Facts) -> Evidence | None:
    """Return the newest check that was run for it."""
    return earned(facts, CODE)


TEST = ReadinessTest(
    code=CODE, section=Section.MODEL, number=3, title="Hyperparameters have been tuned",
    full="none of the estimator's numbers, halved or doubled, makes a model that is better beyond doubt",
    lifetime=timedelta(days=180), owner="model", minutes=20, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L203 (then put the better value it names into `train.params`)",
)  # fmt: skip
