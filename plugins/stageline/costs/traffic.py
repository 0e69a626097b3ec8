"""What a log of past requests says of the traffic: its peak, its active hours, and next year's months."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.costs.uncertainty import Band
from stageline.exceptions import CostError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST_HOURS = 24
_BUSY = 0.99
MONTHS = 12
# A year's growth that one year of months cannot show, since it cannot be told from the season.
GROWTH_PER_YEAR = Band(-0.15, 0.05, 0.30)


@dataclass(frozen=True)
class Pattern:
    """How requests are spread over the hours.

    :param peak_to_mean: The busiest hours' rate (99th percentile) over the mean of the active hours, at least 1.
    :param active_share: Share of the hours in which any came.
    :param per_month: Requests in 730 hours.
    """

    peak_to_mean: float
    active_share: float
    per_month: float


def pattern_of(hourly: "Sequence[float] | NDArray[np.float64]") -> Pattern:
    """Return the pattern of requests by hour.

    :param hourly: One count for each hour, those without any among them.
    :raises CostError: There is less than a day of hours, or nothing came in any.
    """
    import numpy as np

    counts = np.asarray(hourly, float)
    if len(counts) < _LEAST_HOURS:
        raise CostError(f"{len(counts)} hours of traffic; at least {_LEAST_HOURS} are needed to see a peak")
    if not counts.sum():
        raise CostError(f"no requests in {len(counts):,} hours: zero traffic has no peak; say requests_per_month")
    active = counts[counts > 0]
    peak = float(np.quantile(active, _BUSY) / active.mean())
    return Pattern(max(1.0, peak), len(active) / len(counts), float(counts.mean() * 730))


@dataclass(frozen=True)
class Forecast:
    """The months after a year of months.

    :param requests: Draws of each month, shape (draws, months).
    """

    requests: "NDArray[np.float64]"

    def band(self, share: float = 0.8) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
        """Return the ends between which that share of the draws lies, by month."""
        import numpy as np

        low, high = np.quantile(self.requests, [(1 - share) / 2, (1 + share) / 2], axis=0)
        return low, high


def forecast_year(
    daily: "Sequence[Sequence[float]]", *, growth_per_year: Band = GROWTH_PER_YEAR, draws: int = 4_000, seed: int = 0
) -> Forecast:
    """Return the next year's months: each as in the year before, times growth, times what a month strays by itself.

    One year cannot tell growth from season, so growth is a band that somebody gives. A month strays by s / √(days / b),
    with s the daily deviation around a month's mean as a share and b = (1 + r) / (1 - r) the days that count as one,
    r the correlation of a day with the next; twice, since last year's month strayed, too.

    :param daily: Requests by day for each of twelve months.
    :raises CostError: There are not twelve months with requests.
    """
    import numpy as np

    months = [np.asarray(month, float) for month in daily]
    if len(months) != MONTHS or any(not len(month) or not month.sum() for month in months):
        raise CostError(f"{sum(bool(len(m) and m.sum()) for m in months)} months with requests; expected twelve")
    rng = np.random.default_rng(seed)
    totals = np.array([month.sum() for month in months])
    strays = np.concatenate([month / month.mean() - 1 for month in months])
    near = float(np.clip(np.corrcoef(strays[:-1], strays[1:])[0, 1], 0.0, 0.95)) if strays.std() else 0.0
    together = (1 + near) / (1 - near)
    sigma = np.array([strays.std() * math.sqrt(2 * together / len(month)) for month in months])
    growth = np.maximum(growth_per_year.at(rng.standard_normal((draws, 1))), -0.99)
    noise = rng.standard_normal((draws, MONTHS)) * sigma
    return Forecast(totals * (1 + growth) * np.exp(noise))
