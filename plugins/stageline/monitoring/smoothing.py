"""Losses of several windows as one: a small one that stays is seen, though no single window shows it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from stageline.evaluation import Estimate
from stageline.evaluation.bootstrap import CONFIDENCE


@dataclass(frozen=True)
class Smoothed:
    """The moving average of the loss.

    :param windows: How many it rests on.
    """

    value: float
    low: float
    high: float
    windows: int

    @property
    def estimate(self) -> Estimate:
        """The average with its interval."""
        return Estimate(self.value, self.low, self.high)


def smooth(losses: Sequence[Estimate | None], weight: float, *, shared: float = 0.0) -> Smoothed | None:
    """Return the exponentially weighted moving average of windows' losses; none of no loss.

    z = w·x + (1 - w)·z of the window before, from the first loss on (Roberts 1959, Technometrics 1(3)). Its variance
    is that of the sum: w²·v + (1 - w)²·(variance before), v from the width of each loss's interval. What all windows
    have in common, the chance of the holdout they are compared with, does not average out: its variance is taken off
    each window's and added to the average's.

    :param losses: The oldest first; a window without one, or without bounds, is skipped.
    :param weight: Of the newest window, above 0, up to 1.
    :param shared: Standard deviation that all windows have in common.
    """
    width = 2 * NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    value = variance = 0.0
    windows = 0
    for loss in losses:
        if loss is None or loss.low is None or loss.high is None:
            continue
        if not all(map(math.isfinite, (loss.value, loss.low, loss.high))):
            continue
        own = max(((loss.high - loss.low) / width) ** 2 - shared**2, 0.0)
        share = weight if windows else 1.0
        value = share * loss.value + (1 - share) * value
        variance = share**2 * own + (1 - share) ** 2 * variance
        windows += 1
    if not windows:
        return None
    margin = width / 2 * math.sqrt(variance + shared**2)
    return Smoothed(value, value - margin, value + margin, windows)
