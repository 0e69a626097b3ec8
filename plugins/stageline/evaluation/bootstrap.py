"""Intervals by resampling: whole periods where rows have a time, since neighbouring errors resemble each other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CONFIDENCE = 0.95
_RESAMPLES = 1_000
_LEAST_RESAMPLES = 200
_ROWS_IN_ALL = 20_000_000
_LEAST_BLOCKS = 20
_LEAST_DEFINED = 0.95
PERIODS = {"weeks": 7 * 86_400, "days": 86_400, "hours": 3_600}


@dataclass(frozen=True)
class Estimate:
    """A number and its interval at 95 % confidence; the bounds are none where they cannot be had."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Blocks:
    """Which rows are drawn together.

    :param ids: Block of each row, 0 … count-1, shape (n,).
    :param what: What a block is, in words, e.g. `whole days`.
    """

    ids: "np.ndarray"
    count: int
    what: str


def blocks_of(rows: int, seconds: "np.ndarray | None") -> Blocks:
    """Group rows into the longest calendar period of which there are at least 20; without times, row by row.

    :param seconds: Event time of each row in seconds since 1970-01-01, shape (n,).
    """
    import numpy as np

    if seconds is not None:
        for what, length in PERIODS.items():
            periods, ids = np.unique(seconds // length, return_inverse=True)
            if len(periods) >= _LEAST_BLOCKS:
                return Blocks(ids, len(periods), f"whole {what}")
    return Blocks(np.arange(rows), rows, "single rows")


def resample(blocks: Blocks, *, seed: int) -> Iterator["np.ndarray"]:
    """Yield row weights of one bootstrap sample after another: how often each row's block was drawn.

    Block bootstrap after Künsch (1989), The Annals of Statistics 17(3), with calendar blocks.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    samples = max(_LEAST_RESAMPLES, min(_RESAMPLES, _ROWS_IN_ALL // max(len(blocks.ids), 1)))
    for _ in range(samples):
        drawn = rng.integers(0, blocks.count, blocks.count)
        yield np.bincount(drawn, minlength=blocks.count)[blocks.ids].astype(float)


def replicate(statistic: Callable[["np.ndarray"], float], weights: Iterator["np.ndarray"]) -> "np.ndarray":
    """Return a statistic's value on every sample, shape (samples,); NaN where it is not defined."""
    import warnings

    import numpy as np
    import sklearn

    values = []
    with (
        warnings.catch_warnings(),
        sklearn.config_context(assume_finite=True, skip_parameter_validation=True),
    ):
        warnings.simplefilter("ignore")
        for sample in weights:
            try:
                values.append(statistic(sample))
            except (ValueError, ZeroDivisionError):
                values.append(float("nan"))
    return np.asarray(values)


def percentile_interval(value: float, replicates: "np.ndarray") -> Estimate:
    """Return the percentile interval (Efron 1979); no bounds if over 5 % of the samples are undefined."""
    import numpy as np

    defined = replicates[np.isfinite(replicates)]
    if len(defined) < _LEAST_DEFINED * len(replicates):
        return Estimate(value, None, None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Estimate(value, float(low), float(high))
