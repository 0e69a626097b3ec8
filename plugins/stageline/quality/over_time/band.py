"""The band in which a run's metric is expected, and why it is as wide as it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from stageline.quality.over_time.forecast import MIN_RUNS, Forecast, Series, forecast
from stageline.quality.over_time.run_metrics import Kind, Metric, Reading
from stageline.quality.over_time.spread import pair_spread, usual_size

_WIDTH = 5.5
_ROWS_WIDTH = 4.0
_USUAL_SHARE = 0.85
_USUAL_MARGIN = 1.1

_TRIFLING_ROWS = 0.01
_TRIFLING_NULLS = 0.002
_TRIFLING_MEAN = 0.001
_TRIFLING_SPAN = 0.005
_FEW_VALUES = 4
_TRIFLING_STEP = 0.6

_LABEL_CHANGES = 3


@dataclass(frozen=True)
class Past:
    """A metric in one run before."""

    at: datetime
    reading: Reading


@dataclass(frozen=True)
class Band:
    """Where a metric is expected, ends included.

    :param expected: The forecast in the middle.
    :param runs: Number of earlier runs whose misses make the width.
    :param season: What the runs compared have in common with this one; empty where it is any run.
    :param step: By how much the metric grows from run to run, where a line is expected; else 0.
    """

    low: float
    high: float
    expected: float
    runs: int
    season: str = ""
    step: float = 0.0

    def holds(self, value: float) -> bool:
        """Whether a value is inside."""
        return self.low <= value <= self.high


def band_of(metric: Metric, now: Reading, at: datetime, past: Sequence[Past]) -> Band | None:
    """Return the band of a run's metric, or None where fewer than 8 runs are known or numbers overflow.

    The band is expected ± max(w · Qn(misses), 1.1 · the miss that 85 % of the runs do not exceed, trifle).

    w is 5.5: for stationary noise with tails as heavy as Student's t with 5 degrees of freedom, one of 100 metrics
    then leaves its band about once in ten runs (simulated: 0.10 a run with 12 or more runs of history, 0.14 with 8;
    0.1 to 0.2 for Laplace's noise, none for normal one). A mean that moves by 8 of its standard deviations is found at
    once in 99 of 100 cases with 40 runs of history, in 87 with 20, in 47 with 8. A row count gets 4, and with it four
    times the share of that budget: it is one metric, and the one that tells most.

    The second term is for metrics that jump: what every sixth run shows is no news, though half of the runs agree.

    The trifle keeps a constant history from alarming at next to nothing:

    - rows: one row and 1 %. An hourly table has 23 and 25 rows on the days that clocks change; who needs 24 declares
      `expect_table_row_count_to_equal`. On a line: 60 % of a run's growth, so that growth that stops is seen.
    - null share: 0.2 %, and at least four values, as few rows make large shares.
    - mean: 0.1 % of the expected mean, 0.5 % of the column's span, and what four values of a run can do.

    A mean of fewer values than usual varies more; its band widens with the square root of that ratio. A column
    that was never negative has no band below 0.

    :param past: The metric in the runs before, oldest first.
    """
    if len(past) < MIN_RUNS:
        return None
    series = Series([run.at for run in past], [run.reading.value for run in past], at)
    found = forecast(series)
    interval = _interval(series)
    step = found.per_second * interval
    trifle = _trifle(metric, found.value, now, past)
    if metric.kind is Kind.ROWS and step:
        # Rows arrive in steps: a run shortly after another may see the next step, or none.
        waited = (at - past[-1].at).total_seconds() / interval
        trifle = abs(step) * max(_TRIFLING_STEP, 1 - waited)
    width = max(_width(metric, found, now, past), trifle)
    low, high = found.value - width, found.value + width
    if not math.isfinite(high - low):
        return None
    if metric.kind is not Kind.MEAN or all(run.reading.is_never_negative for run in past):
        low = max(low, 0.0)
    if metric.kind is Kind.NULL_SHARE:
        high = min(high, 1.0)
    return Band(low, high, found.value, len(found.misses), found.season, step)


def is_label(now: Reading, past: Sequence[Past]) -> bool:
    """Whether a column names the run rather than describing its rows: a month, the number of a batch.

    It holds one value in every run, and that value has changed at least three times: no mean is expected of it. A
    column that was constant until it changed once is none, and runs of a single row say nothing about it.

    :param past: The column's mean in the runs before, oldest first.
    """
    several = [run.reading for run in past if run.reading.count > 1]
    if len(several) < MIN_RUNS or any(reading.varies for reading in (*several, now)):
        return False
    return sum(one.value != other.value for one, other in pairwise(several)) >= _LABEL_CHANGES


def _width(metric: Metric, found: Forecast, now: Reading, past: Sequence[Past]) -> float:
    groups = [misses for misses in (found.misses, found.own_misses) if misses]
    spread = max(pair_spread(misses) for misses in groups)
    usual = max(usual_size(misses, _USUAL_SHARE) for misses in groups)
    width = max((_ROWS_WIDTH if metric.kind is Kind.ROWS else _WIDTH) * spread, _USUAL_MARGIN * usual)
    if metric.kind is Kind.MEAN:
        width *= math.sqrt(max(median(run.reading.count for run in past) / now.count, 1.0))
    return width


def _trifle(metric: Metric, expected: float, now: Reading, past: Sequence[Past]) -> float:
    if metric.kind is Kind.ROWS:
        return 1 + _TRIFLING_ROWS * abs(expected)
    few = _FEW_VALUES / now.count
    if metric.kind is Kind.NULL_SHARE:
        return max(_TRIFLING_NULLS, few)
    # Of a column that was constant so far, only this run shows how far its values may lie apart.
    span = median(run.reading.span for run in past) or now.span
    return max(_TRIFLING_MEAN * abs(expected), _TRIFLING_SPAN * span, few * span)


def _interval(series: Series) -> float:
    """Return the usual number of seconds from run to run."""
    gaps = [later - earlier for earlier, later in pairwise(series.seconds) if later > earlier]
    return median(gaps) if gaps else 1.0
