"""How far values would reach if their tail goes on as it does: robust quantiles, continued."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# The tail: the upper tenth of the values, or of few values the upper hundred, but at most half of them.
_TAIL, _LEAST_IN_TAIL, _MOST_OF_ALL = 0.1, 100, 0.5
_RATIO = 5
# A bounded tail (below 0) is not trusted far; one without a finite variance (above 0.5) reaches anywhere.
_SHAPES = (-0.1, 0.5)
# Of a thousand tables like this one, one would go beyond; where the tail grows heavier further out, some 30 do.
_TABLES = 1_000
# How much farther than the largest value a tail is continued, from the median: few values tell little about it.
_FARTHEST = 5
# More values beyond than this share, and it is the tail that is heavier, not they that are odd.
_MOST_ODD = 0.004
# A value that lies beyond by less than this share of the way from the median to the bound is not wild.
_NEAR = 0.5
_WALL_SHARE, _WALL_COUNT, _WALL_OF_NEXT = 0.01, 10, 0.5


def upper_reach(numbers: "Floats") -> float:
    """Return a bound above the numbers, which about one table in a thousand of this size would go beyond.

    The tail is taken for a generalised Pareto distribution; its scale and shape are read off three quantiles
    (Pickands 1975, "Statistical inference using extreme order statistics"), which a few wild values do not
    move: they stay beyond the bound. Where many lie beyond, the tail is heavier than it looked, and the bound
    lies as far above the largest value as that lies above the median; half as far where few lie just beyond.

    :param numbers: Finite values, at least a few dozen.
    """
    import numpy as np

    count, most = len(numbers), float(numbers.max())
    share = max(_TAIL, min(_MOST_OF_ALL, _LEAST_IN_TAIL / count))
    levels = [1 - share, 1 - share / _RATIO, 1 - share / _RATIO**2]
    start, near, far = (float(quantile) for quantile in np.quantile(numbers, levels))
    middle = float(np.median(numbers))
    if near <= start:
        return most + (most - middle)  # hardly any values but one: there is no tail to continue
    growth = (far - near) / (near - start)
    shape = min(max(math.log(growth) / math.log(_RATIO), _SHAPES[0]), _SHAPES[1]) if growth > 0 else _SHAPES[0]
    bound = start + (near - start) * _steps(_TABLES * share * count, shape) / _steps(_RATIO, shape)
    if most <= bound:
        return min(bound, middle + _FARTHEST * (most - middle))
    few = int((numbers > bound).sum()) <= max(_MOST_ODD * count, 1)
    if few and most > bound + _NEAR * (bound - middle):
        return bound
    return most + (_NEAR if few else 1) * (most - middle)


def is_wall(numbers: "Floats", end: float) -> bool:
    """Return whether values pile up at an end: a natural bound that new values keep to.

    A tail thins out towards its end; at a wall the last value is nearly as frequent as the one before.
    """
    import numpy as np

    at_end = int((numbers == end).sum())
    if at_end < max(_WALL_SHARE * len(numbers), _WALL_COUNT):
        return False
    inside = numbers[numbers != end]
    if not len(inside):
        return True
    following = inside[np.argmin(np.abs(inside - end))]
    return at_end >= _WALL_OF_NEXT * int((inside == following).sum())


def _steps(ratio: float, shape: float) -> float:
    return math.log(ratio) if abs(shape) < 1e-9 else (ratio**shape - 1) / shape  # noqa: PLR2004 - the limit at 0
