"""Which ranks a quantile rests on, so that every engine reads the same values.

Great Expectations asks each engine for its own quantile: the nearest on pandas, the first at or above on a
database, an approximate one on Spark. Here the ranks follow from the number of values, and the engine is only asked
for the values at these ranks.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stageline.exceptions import DataError


@dataclass(frozen=True)
class Place:
    """Between which two ranks a quantile lies.

    :param lower: Rank, from 0 for the least value.
    :param share: How far it lies from the lower to the upper, 0 to 1.
    """

    lower: int
    upper: int
    share: float


def places(quantiles: Iterable[float], count: int, interpolation: Any = None) -> list[Place]:
    """Return where quantiles lie among sorted values, by the definitions of NumPy.

    :param quantiles: Shares, 0 to 1.
    :param count: Number of values, at least 1.
    :param interpolation: `nearest` (also for none, true, false or a number), `linear`, `lower`, `higher` or `midpoint`.
    :raises DataError: Another interpolation.
    """
    method = interpolation if isinstance(interpolation, str) else "nearest"
    if method not in _METHODS:
        raise DataError(f"allow_relative_error {method!r} is unknown; known: {', '.join(sorted(_METHODS))}")
    return [_METHODS[method](quantile * (count - 1)) for quantile in quantiles]


def ranks(wanted: Iterable[Place]) -> list[int]:
    """Return the ranks whose values are needed, sorted."""
    return sorted({rank for place in wanted for rank in (place.lower, place.upper)})


def values_at(wanted: Sequence[Place], by_rank: Mapping[int, float]) -> list[float]:
    """Return the quantiles from the values at their ranks."""
    return [_between(by_rank[place.lower], by_rank[place.upper], place.share) for place in wanted]


def share_of(rank: int, count: int) -> float:
    """Return the share whose first value at or above it, `percentile_disc` in SQL, is the one of a rank."""
    return (rank + 0.5) / count


def _between(low: float, high: float, share: float) -> float:
    if low == high:  # also where both are infinite
        return low
    # As NumPy does it: from the nearer end.
    return high - (high - low) * (1 - share) if share >= 0.5 else low + (high - low) * share  # noqa: PLR2004 - half


def _nearest(index: float) -> Place:
    rank = round(index)  # half to even, as NumPy
    return Place(rank, rank, 0.0)


def _linear(index: float) -> Place:
    return Place(math.floor(index), math.ceil(index), index - math.floor(index))


def _lower(index: float) -> Place:
    return Place(math.floor(index), math.floor(index), 0.0)


def _higher(index: float) -> Place:
    return Place(math.ceil(index), math.ceil(index), 0.0)


def _midpoint(index: float) -> Place:
    return Place(math.floor(index), math.ceil(index), 0.5)


_METHODS = {"nearest": _nearest, "linear": _linear, "lower": _lower, "higher": _higher, "midpoint": _midpoint}
