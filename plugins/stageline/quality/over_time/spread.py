"""How far numbers lie apart, measured so that a few wild ones do not matter."""

from collections.abc import Sequence
from itertools import combinations

_CONSISTENT = 2.2219
_WILD_SHARE = 0.1


def pair_spread(values: Sequence[float]) -> float:
    """Return Qn: 2.2219 times about the first quartile of the distances between all pairs.

    For normal numbers it estimates the standard deviation; it stands up to half of the numbers being wild, and
    with n = 40 it varies far less than the median absolute deviation (efficiency 82 % against 37 %). For few
    numbers it is too large (by a fifth for n = 20): left so, as a spread known from few runs has to be wider.

    Source: Rousseeuw and Croux, Alternatives to the Median Absolute Deviation, JASA 88 (1993), without their
    correction for small n.

    :param values: Numbers, shape (n,), n of at least 2.
    """
    half = len(values) // 2 + 1
    distances = sorted(abs(one - other) for one, other in combinations(values, 2))
    return _CONSISTENT * distances[half * (half - 1) // 2 - 1]


def typical_size(values: Sequence[float]) -> float:
    """Return the mean size of the values without the largest tenth.

    :param values: Numbers, shape (n,), n of at least 1.
    """
    sizes = sorted(map(abs, values))
    kept = sizes[: len(sizes) - int(_WILD_SHARE * len(sizes))]
    return sum(kept) / len(kept)


def usual_size(values: Sequence[float], share: float) -> float:
    """Return the size that a share of the values does not exceed.

    :param values: Numbers, shape (n,), n of at least 1.
    """
    return sorted(map(abs, values))[min(int(share * len(values)), len(values) - 1)]
