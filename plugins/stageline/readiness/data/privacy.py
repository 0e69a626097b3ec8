"""Data 5: the data pipeline has privacy controls, which a person vouches for."""

from datetime import timedelta

from stageline.readiness.evidence import HALF, Section
from stageline.readiness.rule import ReadinessTest

TEST = ReadinessTest(
    code="SL-L105", section=Section.DATA, number=5, title="The data pipeline has appropriate privacy controls",
    half="an attestation", most=HALF, lifetime=timedelta(days=180), owner="data", minutes=60,
    earn='stageline attest {name} SL-L105 --by PERSON --note "who may read the data, and how that is kept"',
)  # fmt: skip
