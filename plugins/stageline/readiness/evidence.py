"""One piece of evidence as plain values: which record of the ledger speaks for which test, and what it is worth."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from stageline.verdicts import Verdict

# Kinds of records that this room reads, beside those that steps leave.
ATTESTATION, EARNED, GRADUATION, FORECAST = "attestation", "earned", "graduation", "cost_forecast"
INCIDENT = "incident"
FULL, HALF = 1.0, 0.5


class Section(StrEnum):
    """The four parts of the ML Test Score, seven tests each."""

    DATA = "data"
    MODEL = "model"
    INFRASTRUCTURE = "infrastructure"
    MONITORING = "monitoring"


class Kind(StrEnum):
    """Where evidence comes from: a check that ran, or a person who says so."""

    AUTOMATED = "automated"
    ATTESTED = "attested"


@dataclass(frozen=True)
class Evidence:
    """What one record of the ledger says about one test.

    :param code: The test's, e.g. `SL-L101`.
    :param at: When the record was written.
    :param position: The record's place in the pipeline's chain.
    :param digest: The record's.
    :param detail: What was found, as a sentence with its numbers.
    :param worth: Points while it holds: 1, or 0.5.
    :param lifetime: How long it holds, where that is not the test's own.
    """

    code: str
    kind: Kind
    at: datetime
    position: int
    digest: str
    verdict: Verdict
    detail: str
    worth: float = FULL
    lifetime: timedelta | None = None

    @property
    def holds(self) -> bool:
        """Whether what was found speaks for the test."""
        return self.verdict.advances
