"""The metrics of the last runs, as the data-quality page lists them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from stageline.reporting.charts.trend import MOST_RUNS, draw_trend
from stageline.reporting.formats import number, rare
from stageline.reporting.quality_content import TrendPoint
from stageline.verdicts import Verdict

ROWS = "rows"
_SHARE = "null share"


@dataclass(frozen=True)
class TrendLine:
    """One metric over the last runs.

    :param svg: Its picture; none where no run has a value.
    :param latest: The latest value, as text.
    :param band: The band it was expected in, as text; none where too few runs were known.
    :param left: Whether the latest value left its band.
    :param runs: Number of runs, the first at `since`.
    """

    metric: str
    svg: str | None
    latest: str
    band: str | None
    verdict: Verdict | None
    left: bool
    runs: int
    since: datetime


def trend_lines(trend: Mapping[str, Sequence[TrendPoint]], private: Collection[str] = ()) -> list[TrendLine]:
    """Return the rows first, then what left its band, then the rest in its own order.

    :param private: Columns of which only null shares are shown.
    """
    hidden = tuple(f"{column}: " for column in private)
    shown = [metric for metric in trend if metric.endswith(_SHARE) or not metric.startswith(hidden)]
    lines = [_line(metric, trend[metric][-MOST_RUNS:]) for metric in shown if trend[metric]]
    return sorted(lines, key=lambda line: (line.metric != ROWS, not line.left))


def _line(metric: str, points: Sequence[TrendPoint]) -> TrendLine:
    latest = points[-1]
    left = latest.verdict not in (None, Verdict.PASSED) or _outside(latest)
    svg = draw_trend([(point.value, point.low, point.high) for point in points], alert=left)
    figure = rare if metric.endswith(_SHARE) else number
    return TrendLine(
        metric=metric,
        svg=svg,
        latest=figure(latest.value),
        band=None if latest.low is latest.high is None else f"{figure(latest.low)} to {figure(latest.high)}",
        verdict=latest.verdict,
        left=left,
        runs=len(points),
        since=points[0].at,
    )


def _outside(point: TrendPoint) -> bool:
    if point.value is None:
        return False
    below = point.low is not None and point.value < point.low
    return below or (point.high is not None and point.value > point.high)
