"""How far from a reference an ordinary window of it is: what a later one may be without being news."""

import math
from collections.abc import Sequence
from statistics import NormalDist

from stageline.monitoring.distance import Distance

LEAST_WINDOWS = 8
_ALPHA = 0.01


def ordinary_limit(distances: Sequence[float], columns: int = 1) -> float | None:
    """Return up to where a distance is ordinary, or none where fewer than 8 windows are known.

    The upper bound for one more value of a normal sample at 99 %, and at least the largest seen: hours of one week
    resemble each other, so whole weeks differ by far more than as many independent rows would. Hahn and Meeker
    (1991), Statistical Intervals, section 4.7. What is left to chance is shared among the columns (Bonferroni): the
    false discoveries among them are controlled for the chance of the rows alone, not for that of the weeks.

    :param columns: How many are looked at in one window.
    """
    count = len(distances)
    if count < LEAST_WINDOWS:
        return None
    mean = math.fsum(distances) / count
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in distances) / (count - 1))
    return max(*distances, mean + _student(1 - _ALPHA / columns, count - 1) * deviation * math.sqrt(1 + 1 / count))


def _student(share: float, freedom: int) -> float:
    """Return a quantile of Student's t without the seconds of SciPy's import.

    Here its relative error is 0.0001 for one column and 0.003 for a hundred. Abramowitz and Stegun (1964), Handbook of
    Mathematical Functions, 26.7.5.
    """
    z = NormalDist().inv_cdf(share)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160,
    )
    return math.fsum(term / freedom**power for power, term in enumerate(terms))


def excess(distance: Distance, limit: float) -> float:
    """Return the probability of a distance this large if the true one were just the limit: one-sided, normal."""
    if distance.error == 0:
        return 0.0 if distance.value > limit else 1.0
    return 0.5 * math.erfc((distance.value - limit) / distance.error / math.sqrt(2))
