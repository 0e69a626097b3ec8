"""Infrastructure 5: a model can be debugged step by step, which a person vouches for."""

from datetime import timedelta

from stageline.readiness.evidence import HALF, Section
from stageline.readiness.rule import ReadinessTest

TEST = ReadinessTest(
    code="SL-L305", section=Section.INFRASTRUCTURE, number=5,
    title="The model allows debugging by observing the step-by-step computation on a single example",
    half="an attestation", most=HALF, lifetime=timedelta(days=180), owner="model", minutes=60,
    earn='stageline attest {name} SL-L305 --by PERSON --note "which example was followed, and what was seen"',
)  # fmt: skip
