"""What is compared of a column: its distribution, and the shares of missing, never seen and outlying values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.monitoring.bins import CategoryBins, NumericBins
from stageline.monitoring.measures import UNORDERED, Line

if TYPE_CHECKING:
    import numpy as np

    from stageline.monitoring.bins import Bins
    from stageline.monitoring.profile import ColumnProfile

DISTRIBUTION, MISSING, OUTSIDE, NEW = "distribution", "missing", "outside", "new"
SHARES = (MISSING, OUTSIDE, NEW)
SHARE_MEASURE = "total_variation"
# In standard deviations; its square is still a number, so that one absurd value cannot make a distance undefined.
_FARTHEST = 1e150


@dataclass(frozen=True)
class Part:
    """One column's rows in one part of a table.

    :param bins: Rows in each bin, shape (bins,).
    :param low: Smallest number, where known.
    :param high: Largest number.
    """

    bins: "np.ndarray"
    nulls: int
    odd: int
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Signal:
    """Two samples to be compared, bin by bin.

    :param measure: By which.
    :param line: Where the bins lie, if the measure needs it.
    """

    kind: str
    measure: str
    reference: "np.ndarray"
    current: "np.ndarray"
    line: Line | None = None


def signals(column: "ColumnProfile", reference: Part, current: Part, measure: str) -> tuple[Signal, ...]:
    """Return what there is to compare of one column.

    :param measure: Of the distribution; where a measure needs an order, categories get `total_variation`.
    """
    import numpy as np

    bins = column.bins
    if isinstance(bins, CategoryBins):
        measure = UNORDERED.get(measure, measure)
    line = _line(bins, column.spread, current) if measure == "wasserstein" else None

    def missing(part: Part) -> "np.ndarray":
        return np.array([part.bins.sum(), part.nulls + part.odd])

    found = [
        Signal(DISTRIBUTION, measure, reference.bins, current.bins, line),
        Signal(MISSING, SHARE_MEASURE, missing(reference), missing(current)),
    ]
    if isinstance(bins, NumericBins) and bins.cuts:
        found.append(Signal(OUTSIDE, SHARE_MEASURE, _outside(reference.bins), _outside(current.bins)))
    if isinstance(bins, CategoryBins) and bins.complete:
        found.append(Signal(NEW, SHARE_MEASURE, _last(reference.bins), _last(current.bins)))
    return tuple(found)


def _outside(bins: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.array([bins[1:-1].sum(), bins[0] + bins[-1]])


def _last(bins: "np.ndarray") -> "np.ndarray":
    import numpy as np

    return np.array([bins[:-1].sum(), bins[-1]])


def _line(bins: "Bins", spread: float, current: Part) -> Line | None:
    import numpy as np

    if not isinstance(bins, NumericBins) or not bins.cuts:
        return None
    cuts = np.asarray(bins.cuts)
    low = cuts[0] if current.low is None or current.low > cuts[0] else current.low
    high = cuts[-1] if current.high is None or current.high < cuts[-1] else current.high
    middles = np.concatenate([[low], cuts[:-1] / 2 + cuts[1:] / 2, [high]])
    with np.errstate(over="ignore"):
        # A constant has no deviation to measure in: its own unit then.
        gaps = np.diff(middles) / (spread or 1.0)
    return Line(np.minimum(gaps, _FARTHEST))
