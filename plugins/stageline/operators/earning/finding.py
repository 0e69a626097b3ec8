"""What a check that was run for a test of readiness found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from stageline.exceptions import DataError
from stageline.verdicts import Check, Report, Severity, Verdict

STEP = "earn"
# What was looked at: its name, whether it is as it should be, and what was found.
Part = tuple[str, Verdict, str]


class NotRunError(DataError):
    """This check is not made for such a pipeline: that says nothing of it, and nothing is recorded."""


@dataclass(frozen=True)
class Finding:
    """The parts of a check and what they come to.

    :param parts: What was looked at.
    :param told: What the record keeps beside it.
    :param worth: Points while it holds: 1, or 0.5.
    """

    sentence: str
    parts: Sequence[Part]
    told: Mapping[str, Any] = field(default_factory=dict)
    worth: float = 1.0
    n: int | None = None

    def report(self, code: str) -> Report:
        """Return the report that is recorded."""
        return Report(
            step=STEP,
            checks=tuple(
                Check(
                    code=code, name=name, verdict=verdict, message=message, n=self.n,
                    severity=Severity.WARNING if verdict is Verdict.WARNED else Severity.CRITICAL,
                )
                for name, verdict, message in self.parts
            ),
            evidence={**self.told, "code": code, "worth": self.worth},
            sentence=self.sentence,
        )  # fmt: skip


def held(good: bool) -> Verdict:
    """Return passed or failed."""
    return Verdict.PASSED if good else Verdict.FAILED
