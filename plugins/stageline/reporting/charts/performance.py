"""The KPI window by window, with its interval, what was expected of it, its goal and the releases; and its loss."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from stageline.reporting.charts.drawing import MUTED, drawable, padded, tick_format, to_svg
from stageline.reporting.charts.over_time import MOST_WINDOWS, PlacedMark, place_marks, releases_between, stretches
from stageline.reporting.charts.window_layers import (
    Level,
    draw_diamond,
    draw_intervals,
    draw_level,
    draw_lines,
    draw_marks,
    draw_rings,
    milliseconds,
)
from stageline.reporting.formats import number, percent
from stageline.reporting.monitor_content import BoundsView, EstimatedView, GoalView, PerformancePoint, ReleaseMark
from stageline.reporting.text import label

if TYPE_CHECKING:
    import altair as alt

_HEIGHT, _LOSS_HEIGHT = 240, 170
_AXIS_WIDTH = 58


class _Plan(NamedTuple):
    """What one chart shows.

    :param until: End of the axis, if it is later than the newest window's.
    :param share: Whether its numbers are shares.
    """

    points: Sequence[PerformancePoint]
    marks: Sequence[ReleaseMark]
    series: "Sequence[_Series]"
    title: str
    level: Level | None
    until: datetime | None
    estimated: EstimatedView | None = None
    share: bool = False


class _Series(NamedTuple):
    """One line: by stretch, its windows and their numbers."""

    name: str
    runs: list[list[tuple[PerformancePoint, BoundsView]]]


def draw_performance(
    points: Sequence[PerformancePoint],
    marks: Sequence[ReleaseMark],
    goal: GoalView,
    width: int,
    estimated: EstimatedView | None = None,
) -> str | None:
    """Return the chart as SVG, or nothing where no window has a KPI.

    :param points: The oldest first; those without a KPI leave a gap, and a ring at the foot.
    :param width: Of the whole picture, in pixels.
    :param estimated: Of the newest window, without labels: a diamond with its interval.
    """
    kept = points[-MOST_WINDOWS:]
    if not any(drawable(point.kpi.value) for point in kept):
        return None
    runs = stretches(kept)
    series = [
        _Series("measured", _bounds(runs, "kpi")),
        _Series("expected", _bounds(runs, "expected")),
        _Series("at release", _bounds(runs, "released")),
    ]
    title = label(goal.metric, 34) + (f" in {label(goal.unit, 20)}" if goal.unit else "")
    guess = estimated if estimated and estimated.metric == goal.metric and drawable(estimated.value) else None
    plan = _Plan(kept, marks, series, title, _goal_level(goal), _end(guess), guess)
    return to_svg(lambda: _chart(plan, width))


def draw_loss(
    points: Sequence[PerformancePoint],
    marks: Sequence[ReleaseMark],
    goal: GoalView,
    width: int,
    until: datetime | None = None,
) -> str | None:
    """Return the relative loss and its moving average as SVG, or nothing where no window has one.

    :param width: Of the whole picture, in pixels.
    :param until: End of the axis, if it is later than the newest window's.
    """
    kept = points[-MOST_WINDOWS:]
    if not any(drawable(point.loss.value) for point in kept):
        return None
    runs = stretches(kept)
    series = [_Series("measured", _bounds(runs, "loss")), _Series("smoothed", _bounds(runs, "smoothed"))]
    limit = goal.max_loss
    level = None if limit is None else Level(limit, f"limit {percent(limit)}", above=True)
    plan = _Plan(kept, marks, series, "loss against expected", level, until, share=True)
    return to_svg(lambda: _chart(plan, width))


def _bounds(runs: list[list[PerformancePoint]], which: str) -> list[list[tuple[PerformancePoint, BoundsView]]]:
    found = []
    for run in runs:
        known = [(point, bounds) for point in run if drawable((bounds := getattr(point, which)).value)]
        if known:
            found.append(known)
    return found


def _end(estimated: EstimatedView | None) -> datetime | None:
    return estimated.window.end if estimated and estimated.window else None


def _goal_level(goal: GoalView) -> Level:
    side = "least" if goal.greater_is_better else "most"
    return Level(goal.goal, f"goal: at {side} {number(goal.goal)}", above=not goal.greater_is_better)


def _chart(plan: _Plan, width: int) -> "alt.LayerChart":
    import altair as alt

    rows = [row for one in plan.series for row in _rows(one)]
    low, high = _ends(plan, rows)
    x, placed = _time_axis(plan, width)
    axis = alt.Axis(tickCount=5, format=".0%" if plan.share else tick_format(low, high))
    y = alt.Y("value:Q", title=plan.title, scale=alt.Scale(domain=[low, high], nice=False, zero=False), axis=axis)
    zero = alt.Chart(alt.Data(values=[{"value": 0}])).mark_rule(color=MUTED, strokeWidth=1).encode(y=y)
    layers = [
        *(draw_level(plan.level, low, high) if plan.level is not None and drawable(plan.level.value) else ()),
        *([zero] if plan.share else ()),
        *draw_marks(placed, x),
        *draw_intervals(rows, x, plan.title),
        *draw_lines(rows, x, y, placed),
        *draw_rings([point.end for point in plan.points if point.kpi.value is None], low, x, y),
        *(draw_diamond(plan.estimated, plan.points[-1], x, y) if plan.estimated is not None else ()),
    ]
    return alt.layer(*layers).properties(
        width=width,
        height=_LOSS_HEIGHT if plan.share else _HEIGHT,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


def _ends(plan: _Plan, rows: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Return the ends of the axis of numbers: it holds all that is drawn."""
    numbers = [row[key] for row in rows for key in ("value", "low", "high") if key in row]
    guess = plan.estimated
    others = [0.0 if plan.share else None, plan.level.value if plan.level else None]
    others += [guess.value, guess.low, guess.high] if guess else []
    return padded(numbers + [other for other in others if other is not None and drawable(other)])


def _time_axis(plan: _Plan, width: int) -> "tuple[alt.X, list[PlacedMark]]":
    """Return the axis of time, and the releases on it."""
    import altair as alt

    points = plan.points
    last = max(points[-1].end, plan.until or points[-1].end)
    inside = [mark for mark in releases_between(points, plan.marks) if mark.at <= last]
    first = min([points[0].end, *(mark.at for mark in inside)])
    room = 0.02 * ((last - first) or (points[-1].end - points[-1].start))
    start, end = first - room, last + room
    x = alt.X(
        "time:T",
        # Never the machine's own time zone: the same content is the same picture everywhere.
        scale=alt.Scale(type="utc", domain=[milliseconds(start), milliseconds(end)], nice=False),
        title=None,
        axis=alt.Axis(tickCount=max(3, width // 110), grid=False, labelOverlap="greedy", labelFlush=True),
    )
    return x, place_marks(inside, start, end, width - _AXIS_WIDTH)


def _rows(series: _Series) -> list[dict[str, Any]]:
    rows = []
    for place, run in enumerate(series.runs):
        for point, bounds in run:
            row = {
                "time": milliseconds(point.end), "value": bounds.value, "series": series.name,
                "run": f"{series.name} {place}",
            }  # fmt: skip
            if drawable(bounds.low, bounds.high):
                row |= {"low": bounds.low, "high": bounds.high}
            rows.append(row)
    return rows
