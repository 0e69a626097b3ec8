"""What can be said before the labels come, in the order of its worth."""

from collections.abc import Sequence
from dataclasses import dataclass

from stageline.reporting.ordering import urgency
from stageline.verdicts import Check, Verdict


@dataclass(frozen=True)
class EarlyWarning:
    """One kind of early warning.

    :param about: What it tells.
    :param open: What did not pass, the urgent ones first.
    :param passed: How much of it passed.
    """

    name: str
    about: str
    open: tuple[Check, ...]
    passed: int

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that needs attention most; none: it was not looked at."""
        if self.open:
            return self.open[0].verdict
        return Verdict.PASSED if self.passed else None


_KINDS = (
    ("confidence", "a model that is less sure than it was is the best early sign of loss", ("SL-M006",)),
    ("outside and new", "values that the model never saw: it can only guess there", ("SL-M003", "SL-M004")),
    ("what is predicted", "a shift in classes or predictions: their mix has changed, or the model has", ("SL-M005",)),
    ("fit of the rows", "columns that no longer move together, each of them ordinary by itself", ("SL-M007",)),
    ("estimated performance", "the KPI if probabilities still mean what they meant: a warning, never a proof",
     ("SL-M016",)),
)  # fmt: skip


def early_warnings(checks: Sequence[Check]) -> tuple[EarlyWarning, ...]:
    """Sort the checks by kind of warning; a kind that was not looked at has no verdict."""
    return tuple(_warnings(name, about, [check for check in checks if check.code in codes])
                 for name, about, codes in _KINDS)  # fmt: skip


def _warnings(name: str, about: str, checks: Sequence[Check]) -> EarlyWarning:
    unsettled = sorted((check for check in checks if check.verdict is not Verdict.PASSED), key=urgency)
    return EarlyWarning(name, about, tuple(unsettled), len(checks) - len(unsettled))
