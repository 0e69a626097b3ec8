"""Model 5: a simpler model is not better."""

from datetime import timedelta

from stageline.readiness.evidence import Evidence, Section
from stageline.readiness.facts import Facts
from stageline.readiness.finding import evidence_of
from stageline.readiness.rule import ReadinessTest
from stageline.verdicts import Verdict

CODE = "SL-L205"
_DUMMY, _LINEAR = "SL-E002", "SL-E003"
_SIMPLE = "sklearn.linear_model."


def find(facts: Facts) -> Evidence | None:
    """Return what the newest evaluation says of its baselines; a linear model has only the constant to beat."""
    for fact in facts.of("evaluate"):
        linear = facts.spec.train.estimator.startswith(_SIMPLE)
        for check in fact.with_code(_DUMMY if linear else _LINEAR):
            simple = "the model is linear itself, and " if linear else ""
            # What is not shown is not shown: no pass.
            verdict = check.verdict if check.verdict.advances else Verdict.FAILED
            return evidence_of(CODE, fact, f"{simple}{check.message}", verdict=verdict)
    return None


TEST = ReadinessTest(
    code=CODE, section=Section.MODEL, number=5, title="A simpler model is not better",
    full="the newest model beats the linear baseline beyond doubt (SL-E003); a linear one the constant (SL-E002)",
    lifetime=timedelta(days=90), owner="model", minutes=45, find=find,
    earn="{train} (with a simpler `train.estimator` if it is as good)",
)  # fmt: skip
