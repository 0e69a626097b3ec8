"""Harm that began after the rollout did: what went well for long does not hide what goes wrong now."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.release.rollout.rates import log_mean_exp

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Late:
    """Evidence of harm since some interval.

    :param evidence: Its logarithm, that of an e-process.
    :param newest: Number of the newest intervals that it is strongest over.
    """

    evidence: float
    newest: int


def late_harm(newest_first: "Iterable[np.ndarray]") -> Late:
    """Return the evidence against: in no interval is there harm, mixed over when it began.

    Bets that begin with interval s = 0, 1, … get the weights 1 / ((s + 1)(s + 2)), which sum up to one: a weighted mean
    of e-processes is one, however late the one that gains began (the e-detectors of Shin, Ramdas and Rinaldo 2024 are
    sums of them).

    :param newest_first: Logarithm that each bet gains in each interval, of any shape.
    """
    import numpy as np

    gained, since = np.zeros(1), []
    for gains in newest_first:
        gained = gained + gains
        since.append(float(log_mean_exp(np.ravel(gained))))
    if not since:
        return Late(0.0, 0)
    begun = np.arange(len(since))[::-1]
    weighted = np.array(since) - np.log((begun + 1.0) * (begun + 2.0))
    most = float(weighted.max())
    return Late(most + float(np.log(np.exp(weighted - most).sum())), int(weighted.argmax()) + 1)
