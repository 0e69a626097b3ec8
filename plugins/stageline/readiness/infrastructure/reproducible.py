"""Infrastructure 1: training is reproducible."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import earned, evidence_of, held, newer
from stageline.readiness.rule import ReadinessTest

CODE = "SL-L301"


def find(facts: Facts) -> Evidence | None:
    """Return the newest of a retraining that was compared, and of a run that came to the same as an earlier one."""
    again = next((fact for fact in facts.of("evaluate") if fact.body.get("same_as")), None)
    if again is None:
        return earned(facts, CODE)
    detail = f"snapshot and metrics are the same as in run {again.body['same_as']}"
    return newer(earned(facts, CODE), evidence_of(CODE, again, detail, verdict=held(True)))


TEST = ReadinessTest(
    code=CODE, section=Section.INFRASTRUCTURE, number=1, title="Training is reproducible",
    full="the model was fitted again on its snapshot and predicts the same; or a later run came to the same metrics",
    lifetime=timedelta(days=90), owner="model", minutes=3, find=find, trained=True,
    earn="stageline readiness {name} --earn SL-L301",
)  # fmt: skip
