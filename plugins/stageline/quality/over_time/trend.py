"""Each metric over the last runs with the band it was expected in, as a page draws it."""

from collections.abc import Sequence

from stageline.quality.over_time.band_checks import Compared, compare
from stageline.quality.over_time.run_metrics import RunMetrics, earlier_runs
from stageline.verdicts import Verdict

TREND_RUNS = 30

TrendPoint = tuple[str, float, float | None, float | None, str | None]


def trend_of(history: Sequence[RunMetrics], now: RunMetrics) -> dict[str, list[TrendPoint]]:
    """Return for each metric of a run its values in the last 30 runs, this one last: JSON values.

    A point is (time as ISO 8601, value, low, high, verdict): the band as it was when that run was judged, and None
    for the last three where there was none. Runs are counted as `earlier_runs` counts them.

    :param history: Runs of the same pipeline in any order.
    """
    runs = [*earlier_runs(now, history), now]
    trend: dict[str, list[TrendPoint]] = {metric.label: [] for metric in now.readings}
    for index in range(max(len(runs) - TREND_RUNS, 0), len(runs)):
        for one in compare(runs[index], runs[:index]):
            points = trend.get(one.metric.label)
            if points is not None:
                points.append(_point(runs[index], one))
    return trend


def _point(run: RunMetrics, one: Compared) -> TrendPoint:
    at, value = run.moment.isoformat(), one.reading.value
    if one.band is None:
        return at, value, None, None, None
    return at, value, one.band.low, one.band.high, str(Verdict.FAILED if one.left else Verdict.PASSED)
