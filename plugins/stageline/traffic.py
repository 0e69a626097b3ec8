"""What happened to the requests of a champion and of the canary beside it, at the same time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def _nothing() -> "np.ndarray":
    import numpy as np

    return np.empty(0)


@dataclass(frozen=True)
class Arm:
    """The requests that one model was asked, of rows, not of calls.

    :param events: Rows that it was asked about, with those that ended in an error.
    :param errors: Of these, by kind: `not_finite`, `wrong_shape`, `exception`, `timed_out`, `unreachable`.
    :param latency_ms: Milliseconds of each answer that is no error, shape (n,); empty where they are not measured.
    :param predictions: Those answers, shape (n,): numbers as floats, classes as whole numbers that mean the same in
        both arms at all times.
    :param losses: What is lost by each answer whose true value is known, the less the better, shape (labelled,).
    :param outcomes: What came of each answer of which that is known, shape (known,); empty without an A/B test.
    """

    events: int
    errors: Mapping[str, int] = field(default_factory=dict)
    latency_ms: "np.ndarray" = field(default_factory=_nothing)
    predictions: "np.ndarray" = field(default_factory=_nothing)
    losses: "np.ndarray" = field(default_factory=_nothing)
    outcomes: "np.ndarray" = field(default_factory=_nothing)

    @property
    def failed(self) -> int:
        """Rows that ended in an error."""
        return sum(self.errors.values())


@dataclass(frozen=True)
class Traffic:
    """Both arms in the same stretch of time: never before against after.

    :param start: With a time zone; the end is not in it.
    :param percent: Share of the traffic that the canary was meant to get, 0 to 100; at 0 it was a shadow.
    :param outcomes_fault: Why what came of the answers is not known, in words; empty: it is.
    :param losses_fault: Why what was lost by the answers is not known, in words; empty: it is.
    """

    start: datetime
    end: datetime
    percent: int
    champion: Arm
    canary: Arm
    outcomes_fault: str = ""
    losses_fault: str = ""
