"""What the runs before let expect of a run, and by how much the same forecast missed those runs themselves.

Four forecasts: the level of the last 12 runs; the level of the last three, for what wanders; the line that recent runs
lie on; the level of the runs of the same hour or weekday. The first is taken, unless another one missed the earlier
runs by clearly less. With a level of 12 runs, a lasting change is the new normal after about half of them.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import combinations
from statistics import median
from typing import Protocol

from stageline.quality.over_time.spread import typical_size

LEVEL_RUNS = 12
MISSES = 40
MIN_RUNS = 8
_SEASON_RUNS = 12
_MIN_REPETITIONS = 4
_WANDERING_RUNS = 3
_TREND_SIGMA = 3
# Another forecast, or a season, is believed where its misses are at most this share of the simple one's.
_GAIN = 0.7
_SEASON_GAIN = 0.6
# ... or, for a season, where the runs like this one lie apart, and agree: one weekday may differ from all others.
_OWN_GAIN = 0.4
_OWN_DISTANCE = 2

_SEASONS: dict[str, Callable[[datetime], Hashable]] = {
    "same weekday": lambda at: at.weekday(),
    "same hour": lambda at: at.hour,
    "same weekday and hour": lambda at: (at.weekday(), at.hour),
}


@dataclass(frozen=True)
class Series:
    """A metric over the runs before, oldest first, and the time of the run that is to be forecast.

    :param times: Times of the runs, shape (n,).
    :param values: The metric's values, shape (n,).
    """

    times: Sequence[datetime]
    values: Sequence[float]
    now: datetime

    @cached_property
    def seconds(self) -> list[float]:
        """Seconds from each run to the forecast one, negative, shape (n,), and 0 for that one itself."""
        return [(time - self.now).total_seconds() for time in (*self.times, self.now)]


@dataclass(frozen=True)
class Forecast:
    """What a run is expected to show.

    :param misses: Values of earlier runs minus what the same forecast, made from other runs, said of them.
    :param own_misses: The same for runs of the same hour or weekday, where these are compared.
    :param season: What the runs compared have in common with this one; empty where it is any run.
    :param per_second: Slope of the line; 0 for a level.
    """

    value: float
    misses: Sequence[float]
    own_misses: Sequence[float] = ()
    season: str = ""
    per_second: float = 0.0


class _Forecaster(Protocol):
    def expect(self, index: int) -> float | None:
        """Return what is expected of a run, made from other runs; None where there are too few."""


def forecast(series: Series) -> Forecast:
    """Return the forecast of the run after a series of at least `MIN_RUNS` runs.

    A run's miss is told by the runs just before it; for the first runs, the ones that follow fill up.
    """
    best: _Forecaster = _Level(series, LEVEL_RUNS)
    misses = _misses(best, series)
    enough, slope = _GAIN * typical_size(misses), 0.0
    line = _Line(series)
    others: list[_Forecaster] = [_Level(series, _WANDERING_RUNS)]
    for other in [line, *others] if _trends(series.values[-LEVEL_RUNS:]) else others:
        found = _misses(other, series)
        if typical_size(found) < enough:
            best, misses, enough = other, found, typical_size(found)
            slope = line.fit(len(series.values))[0] if other is line else 0.0
    season = _best_season(series, best, misses)
    if season is not None:
        return season
    value = best.expect(len(series.values))
    return Forecast(series.values[-1] if value is None else value, misses, per_second=slope)


@dataclass(frozen=True)
class _Level:
    """The median of a few runs: of many where the metric stays, of three where it wanders."""

    series: Series
    runs: int

    def expect(self, index: int) -> float | None:
        values = self.series.values
        return median(values[other] for other in _neighbours(index, len(values), self.runs))


@dataclass(frozen=True)
class _Line:
    """The line of Theil and Sen: the median of the slopes between all pairs of runs.

    Source: Sen, Estimates of the Regression Coefficient Based on Kendall's Tau, JASA 63 (1968).
    """

    series: Series

    def expect(self, index: int) -> float | None:
        slope, start = self.fit(index)
        return start + slope * self.series.seconds[index]

    def fit(self, index: int) -> tuple[float, float]:
        """Return slope per second, and the value at the time of the forecast run."""
        near = _neighbours(index, len(self.series.values), LEVEL_RUNS)
        points = [(self.series.seconds[other], self.series.values[other]) for other in near]
        slopes = [(y2 - y1) / (t2 - t1) for (t1, y1), (t2, y2) in combinations(points, 2) if t2 != t1]
        slope = median(slopes) if slopes else 0.0
        return slope, median(y - slope * t for t, y in points)


@dataclass(frozen=True)
class _Season:
    series: Series
    key: Callable[[datetime], Hashable]
    alike: dict[Hashable, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for index, time in enumerate(self.series.times):
            self.alike.setdefault(self.key(time), []).append(index)

    @property
    def own(self) -> list[int]:
        """The newest runs like the forecast one."""
        return self.alike.get(self.key(self.series.now), [])[-_SEASON_RUNS:]

    def expect(self, index: int) -> float | None:
        values, times = self.series.values, self.series.times
        if index == len(values):
            return median(values[other] for other in self.own)
        alike = self.alike[self.key(times[index])]
        place = alike.index(index)
        near = [alike[other] for other in _neighbours(place, len(alike), _SEASON_RUNS)]
        return median(values[other] for other in near) if len(near) >= _MIN_REPETITIONS - 1 else None


def _best_season(series: Series, simple: _Forecaster, misses: Sequence[float]) -> Forecast | None:
    best: Forecast | None = None
    tried: list[list[list[int]]] = []
    for name, key in _SEASONS.items():
        season = _Season(series, key)
        groups = list(season.alike.values())
        if len(season.own) < _MIN_REPETITIONS or len(groups) == 1 or groups in tried:
            continue
        tried.append(groups)
        found = _misses(season, series)
        if len(found) < MIN_RUNS:
            continue
        own = _misses(season, series, season.own)
        gains = typical_size(found) < _SEASON_GAIN * typical_size(misses)
        if (gains or _differs(own, _misses(simple, series, season.own), misses)) and (
            best is None or typical_size(found) < typical_size(best.misses)
        ):
            best = Forecast(median(series.values[index] for index in season.own), found, own, name)
    return best


def _misses(forecaster: _Forecaster, series: Series, indexes: Sequence[int] | None = None) -> list[float]:
    count = len(series.values)
    missed = []
    for index in range(max(count - MISSES, 0), count) if indexes is None else indexes:
        expected = forecaster.expect(index)
        if expected is not None:
            missed.append(series.values[index] - expected)
    return missed


def _trends(values: Sequence[float]) -> bool:
    """Whether a metric goes one way: the sum of the signs of all differences is 3 standard deviations from 0.

    Source: Mann, Nonparametric Tests Against Trend, Econometrica 13 (1945).
    """
    count = len(values)
    signs = sum((later > earlier) - (later < earlier) for earlier, later in combinations(values, 2))
    return bool(signs * signs > _TREND_SIGMA**2 * count * (count - 1) * (2 * count + 5) / 18)


def _differs(own: Sequence[float], simple_own: Sequence[float], simple: Sequence[float]) -> bool:
    """Whether the runs like the forecast one are a world of their own, whatever the others are."""
    agree = median(map(abs, own)) < _OWN_GAIN * median(map(abs, simple_own))
    return agree and abs(median(simple_own)) > _OWN_DISTANCE * typical_size(simple)


def _neighbours(index: int, count: int, size: int) -> Sequence[int]:
    """Return the runs before a run; those after it fill up where there are fewer."""
    if index >= size:
        return range(index - size, index)
    return [other for other in range(min(size + 1, count)) if other != index]
