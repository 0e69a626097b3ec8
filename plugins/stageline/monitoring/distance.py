"""A distance between two samples' distributions with bounds that tell how much of it may be chance."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.monitoring.measures import FUNCTIONS, Line, shares

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.90
_DRAWS = 400
# In bins with next to no rows a sample looks more like itself than like where it came from.
_ROWS_A_BIN = 15
_FEWEST_BINS = 5


@dataclass(frozen=True)
class Distance:
    """An estimated distance.

    :param value: Freed of the bias that few rows give; 0 or more.
    :param low: Lower bound: so much is shown.
    :param high: Upper bound: more is not likely.
    :param error: Standard error.
    """

    value: float
    low: float
    high: float
    error: float


def distance(
    reference: "np.ndarray",
    current: "np.ndarray",
    measure: str,
    line: Line | None = None,
    *,
    seed: int = 0,
    draws: int = _DRAWS,
) -> Distance | None:
    """Return the distance of two samples, or none where one of them is empty or it is not finite.

    Two samples of one distribution are never alike: their distance is positive, and the fewer rows, the larger. The
    parametric bootstrap draws both samples again from their own shares, so each draw adds as much chance once more;
    what it adds is taken off (basic bootstrap: Davison and Hinkley 1997, Bootstrap Methods, section 5.2).

    The bounds take rows for independent. Where they are not, as in hourly weather, what is ordinary has to be
    learnt from history.

    :param reference: Rows in each bin, shape (bins,).
    :param current: The same of the sample in question.
    :param draws: How often both are drawn again.
    """
    import numpy as np

    # Bins that are empty in both say nothing; PSI would count them.
    used = (reference + current) > 0
    if not reference.sum() or not current.sum():
        return None
    if line is not None and not used.all():
        line = _merged(line, used)
    reference, current = reference[used], current[used]
    most = max(_FEWEST_BINS, int(min(reference.sum(), current.sum()) / _ROWS_A_BIN))
    if line is None and len(reference) > most:
        reference, current = _coarser(reference, current, most)
    function = FUNCTIONS[measure]
    p, q = shares(reference, measure), shares(current, measure)
    raw = float(function(p, q, line))
    rng = np.random.default_rng(seed)
    again = [
        shares(rng.multinomial(int(counts.sum()), counts / counts.sum(), draws), measure)
        for counts in (reference, current)
    ]
    drawn = function(again[0], again[1], line)
    if not (np.isfinite(raw) and np.isfinite(drawn).all()):
        return None
    beside = (1 - CONFIDENCE) / 2
    below, above = np.quantile(drawn, [beside, 1 - beside])
    value = max(0.0, 2 * raw - float(drawn.mean()))
    return Distance(
        value=value,
        low=min(value, max(0.0, 2 * raw - float(above))),
        high=max(value, 2 * raw - float(below)),
        error=float(drawn.std(ddof=1)),
    )


def _coarser(reference: "np.ndarray", current: "np.ndarray", most: int) -> "tuple[np.ndarray, np.ndarray]":
    """Join neighbouring bins into at most so many, with about equal numbers of rows of the reference."""
    import numpy as np

    middle = np.cumsum(reference) - reference / 2
    # Numbered without gaps: one large bin may leave no row for those after it.
    joined = np.unique(np.minimum((middle / reference.sum() * most).astype(int), most - 1), return_inverse=True)[1]

    def added(counts: "np.ndarray") -> "np.ndarray":
        return np.bincount(joined, counts).astype(np.int64)

    return added(reference), added(current)


def _merged(line: Line, used: "np.ndarray") -> Line:
    """Return the line without some of its bins."""
    import numpy as np

    places = np.concatenate([[0.0], np.cumsum(line.gaps)])
    return Line(np.diff(places[used]))
