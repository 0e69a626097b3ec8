"""Whether a season may have done it: what a month that the reference lacks excuses, and what it does not."""

from typing import TYPE_CHECKING

from stageline.monitoring.bins import NumericBins
from stageline.monitoring.distance import Distance, distance
from stageline.monitoring.profile import WHOLE, ColumnProfile
from stageline.monitoring.signals import MISSING, NEW, OUTSIDE, Part, signals

if TYPE_CHECKING:
    import numpy as np

# A month overlaps with its neighbours: of most of its rows the reference has seen the like.
_MOST = 0.5
# In widths of the reference's range. The number of a month is the farthest that a season goes: of a model that knows
# January and February, December lies ten widths off.
_FARTHEST = 10


def beyond_season(
    column: ColumnProfile, kind: str, current: Part, apart: Distance, *, measure: str, moves: float, least: int
) -> bool:
    """Return whether a difference to other months cannot be the season's.

    Missing values have no season. Of numbers out of range, and of new categories, a season makes no majority, unless
    the months of the reference show that they move the column; and none takes all numbers far off. A distribution may
    move as it likes, but a model that says one and the same of all rows, which it said of few before, is broken.

    :param kind: Signal that is above its limit.
    :param apart: Its distance from the whole reference.
    :param measure: Of distributions, by which months are compared.
    :param moves: Distance above which a month differs from the others.
    :param least: Rows that make a month.
    """
    if kind == MISSING:
        return True
    if kind in (OUTSIDE, NEW):
        return apart.low > _MOST and (_far(column, current) or not _seasonal(column, measure, moves, least))
    return column.role == "prediction" and _constant(column.parts[WHOLE].array(), current.bins)


def _constant(reference: "np.ndarray", current: "np.ndarray") -> bool:
    place = int(current.argmax())
    return bool(current[place] == current.sum() and reference[place] < _MOST * reference.sum())


def _far(column: ColumnProfile, current: Part) -> bool:
    """Return whether all numbers lie far off, on one side."""
    if not isinstance(column.bins, NumericBins) or current.low is None or current.high is None or not column.cuts:
        return False
    low, high = column.cuts[0], column.cuts[-1]
    return max(current.low - high, low - current.high) > _FARTHEST * (high - low)


def _seasonal(column: ColumnProfile, measure: str, moves: float, least: int) -> bool:
    """Return whether a month of the reference is shown to differ from all the others."""
    months = [part for name, part in column.parts.items() if name != WHOLE and sum(part.bins) >= least]
    whole = sum(part.array() for part in months)
    for month in months:
        own = Part(month.array(), 0, 0)
        told = signals(column, Part(whole - own.bins, 0, 0), own, measure)[0]
        apart = distance(told.reference, told.current, told.measure, told.line)
        if apart is not None and apart.low > moves:
            return True
    return False
