"""How a column's values are put into bins: the same rule on every engine.

A bin is computed, not looked up: `floor((value - first edge) / width)`, and the last bin takes its upper edge in.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from stageline.quality.columns import Histogram
from stageline.quality.engines.kinds import NUMBERS, Column, Kind

BINS = 20
# Beyond, a half more or less is no other number.
_EXACT = 2**51
# Share of the numbers that may lie below the bins, and as many above: they are counted, but shape no bin.
BEYOND = 0.005
TOP_VALUES = 10
# A longer text would swell the record; it is counted among the others.
LONGEST_VALUE = 80


def has_bins(column: Column) -> bool:
    """Whether a column's values are spread over bins of numbers."""
    return column.kind in NUMBERS


def has_values(column: Column) -> bool:
    """Whether a column's most frequent values are counted."""
    return column.kind in (Kind.TEXT, Kind.BOOLEAN)


def taken_over(column: Column, like: Mapping[str, Histogram]) -> Histogram | None:
    """Return the earlier histogram whose bins, or values, a column can take over."""
    earlier = like.get(column.name)
    if earlier is None:
        return None
    return earlier if (has_bins(column) and earlier.edges) or (has_values(column) and earlier.values) else None


def edges_of(column: Column, low: float, high: float) -> tuple[float, ...]:
    """Return the edges of a column's bins: about 20 of equal width; of whole numbers each holds as many."""
    if column.kind is Kind.INTEGER and low < high and max(-low, high) < _EXACT:
        each = math.ceil((high - low + 1) / BINS)
        count = math.ceil((high - low + 1) / each)
        return tuple(low - 0.5 + each * place for place in range(count + 1))
    return equal_edges(low, high)


def equal_edges(low: float, high: float) -> tuple[float, ...]:
    """Return the edges of 20 bins of equal width, or of a single one where there is nothing to divide."""
    width = (high - low) / BINS
    edges = (*(low + width * place for place in range(BINS)), high)
    # Neighbours that rounding made one, or a width beyond the numbers.
    rising = all(left < right for left, right in pairwise(edges))
    return edges if rising and abs(width) < float("inf") else (low, high)


def width_of(edges: Sequence[float]) -> float:
    """Return the width of the bins between edges; 1 for a single bin around one value."""
    return (edges[-1] - edges[0]) / (len(edges) - 1) or 1.0


def as_bins(edges: Sequence[float], counts: Mapping[int, int], finite: int) -> Histogram:
    """Return a histogram of numbers.

    :param counts: Numbers by their bin, from 0.
    :param finite: Number of finite values, within the edges or beyond.
    """
    filled = tuple(counts.get(place, 0) for place in range(len(edges) - 1))
    return Histogram(edges=tuple(edges), counts=filled, outside=finite - sum(filled))


def as_values(counted: Iterable[tuple[str, int]], count: int) -> Histogram:
    """Return a histogram of texts or booleans.

    :param counted: Values as text, each with how often it occurs.
    :param count: Number of values that are not null.
    """
    pairs = list(counted)
    return Histogram(
        values=tuple(value for value, _ in pairs),
        counts=tuple(occurs for _, occurs in pairs),
        outside=count - sum(occurs for _, occurs in pairs),
    )
