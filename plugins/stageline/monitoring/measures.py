"""How far two distributions are apart, from their counts in the same bins.

All functions take shares that sum to one along the last axis, so that they work on one pair and on many resampled
ones alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MEASURES = ("jensen_shannon", "psi", "wasserstein", "kolmogorov_smirnov", "total_variation")
# Of categories, which have no order: what a measure that needs one is replaced by.
UNORDERED = {"wasserstein": "total_variation", "kolmogorov_smirnov": "total_variation"}


@dataclass(frozen=True)
class Line:
    """Where the bins of a numeric column lie, for measures that need it.

    :param gaps: Distance from each bin's middle to the next one's, in the reference's standard deviations,
        shape (bins - 1,).
    """

    gaps: "np.ndarray"


def jensen_shannon(p: "np.ndarray", q: "np.ndarray", _: Line | None = None) -> "np.ndarray":
    """Return the Jensen-Shannon distance, 0 to 1: the square root of the divergence to base 2.

    Lin (1991), IEEE Transactions on Information Theory 37(1); that the root is a metric: Endres and Schindelin
    (2003), ibid. 49(7).
    """
    import numpy as np

    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / (2 * np.log(2))
    found: np.ndarray = np.sqrt(np.clip(divergence, 0, 1))
    return found


def psi(p: "np.ndarray", q: "np.ndarray", _: Line | None = None) -> "np.ndarray":
    """Return the population stability index, 0 or more: the sum of (q - p) · ln(q / p).

    It is infinite where only one of both is empty: give it shares from `smoothed` counts. Siddiqi (2006), Credit Risk
    Scorecards; that it is the symmetrised divergence of Jeffreys (1946), Proceedings of the Royal Society A 186.
    """
    found: np.ndarray = _relative_entropy(q, p) + _relative_entropy(p, q)
    return found


def total_variation(p: "np.ndarray", q: "np.ndarray", _: Line | None = None) -> "np.ndarray":
    """Return the share of rows that would have to change their bin, 0 to 1: half the sum of |p - q|."""
    import numpy as np

    found: np.ndarray = np.abs(p - q).sum(axis=-1) / 2
    return found


def kolmogorov_smirnov(p: "np.ndarray", q: "np.ndarray", _: Line | None = None) -> "np.ndarray":
    """Return the largest difference of the cumulative shares at the bins' ends, 0 to 1.

    Never above the statistic of the values themselves, and below it by at most one bin's share.
    """
    import numpy as np

    found: np.ndarray = np.abs(np.cumsum(p - q, axis=-1)).max(axis=-1)
    return found


def wasserstein(p: "np.ndarray", q: "np.ndarray", line: Line | None = None) -> "np.ndarray":
    """Return the first Wasserstein distance in standard deviations of the reference, 0 or more.

    Each bin's rows stand in its middle. Villani (2009), Optimal Transport, chapter 6.

    :raises ValueError: The bins have no place on a line.
    """
    import numpy as np

    if line is None:
        raise ValueError("categories have no places; use total_variation")
    found: np.ndarray = np.abs(np.cumsum(p - q, axis=-1)[..., :-1]) @ line.gaps
    return found


def _relative_entropy(p: "np.ndarray", q: "np.ndarray") -> "np.ndarray":
    """Return the sum of p · ln(p / q), infinite where only q is 0; SciPy's takes longer to import than to scan."""
    import numpy as np

    with np.errstate(divide="ignore"):
        ratio = np.divide(p, q, out=np.ones(np.broadcast_shapes(p.shape, q.shape)), where=p > 0)
    found: np.ndarray = (p * np.log(ratio)).sum(axis=-1)
    return found


Measure = Callable[["np.ndarray", "np.ndarray", Line | None], "np.ndarray"]
FUNCTIONS: Mapping[str, Measure] = {
    "jensen_shannon": jensen_shannon,
    "psi": psi,
    "wasserstein": wasserstein,
    "kolmogorov_smirnov": kolmogorov_smirnov,
    "total_variation": total_variation,
}


def shares(counts: "np.ndarray", measure: str) -> "np.ndarray":
    """Return counts as shares along the last axis; for `psi` half a row is added to each bin that either has.

    The half is the prior of Jeffreys: without it one empty bin makes the index infinite.
    """
    import numpy as np

    counts = np.asarray(counts, float)
    if measure == "psi":
        counts = counts + 0.5
    found: np.ndarray = counts / counts.sum(axis=-1, keepdims=True)
    return found
