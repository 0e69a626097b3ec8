"""What a chart over windows is drawn of: intervals, lines, releases, a level, windows without a number."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from stageline.reporting.charts.drawing import DUMMY, GOAL, INK, LINEAR, MODEL, MUTED, drawable
from stageline.reporting.charts.over_time import PlacedMark
from stageline.reporting.monitor_content import EstimatedView, PerformancePoint

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT = 15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class _Style(NamedTuple):
    """How a series is drawn."""

    colour: str
    dashes: list[int]
    width: float


_STYLES = {
    "measured": _Style(MODEL, [1, 0], 1.8),
    "smoothed": _Style(LINEAR, [1, 0], 2.4),
    "expected": _Style(INK, [5, 3], 1.4),
    "at release": _Style(DUMMY, [2, 2], 1.6),
}


class Level(NamedTuple):
    """A level to compare with.

    :param above: Whether its words stand above it.
    """

    value: float
    words: str
    above: bool


def milliseconds(time: datetime) -> int:
    """Return a time as charts have it."""
    return (time - _EPOCH) // _MILLISECOND


def draw_level(level: Level, low: float, high: float) -> "list[alt.Chart]":
    """Draw a level and its words, on the side where there is room."""
    import altair as alt

    above = level.above and high - level.value > 0.1 * (high - low)
    data = alt.Chart(alt.Data(values=[{"value": level.value, "text": level.words}]))
    return [
        data.mark_rule(color=GOAL, strokeDash=[4, 3], strokeWidth=1.5).encode(y="value:Q"),
        data.mark_text(color=GOAL, align="left", fontSize=11.5, dx=4, dy=-8 if above else 10).encode(
            x=alt.value(0), y="value:Q", text="text:N"
        ),
    ]


def draw_marks(placed: Sequence[PlacedMark], x: "alt.X") -> "list[alt.Chart]":
    """Draw the releases, and the names that have room."""
    import altair as alt

    layers = []
    for rollback in (False, True):
        chosen = [mark for mark in placed if mark.rollback is rollback]
        if not chosen:
            continue
        rows = [{"time": milliseconds(mark.at)} for mark in chosen]
        dashes = [3, 3] if rollback else [1, 0]
        layers.append(
            alt.Chart(alt.Data(values=rows)).mark_rule(color=MUTED, strokeWidth=1.2, strokeDash=dashes).encode(x=x)
        )
    for row in sorted({mark.row for mark in placed if mark.row is not None}):
        named = [{"time": milliseconds(mark.at), "text": mark.name} for mark in placed if mark.row == row]
        layers.append(
            alt.Chart(alt.Data(values=named))
            .mark_text(color=INK, fontSize=11.5, dy=-9 - _ROW_HEIGHT * row)
            .encode(x=x, y=alt.value(0), text="text:N")
        )
    return layers


def draw_intervals(rows: Sequence[dict[str, Any]], x: "alt.X", title: str) -> "list[alt.Chart]":
    """Draw the intervals as a band, and as a rule each: a window that stands alone has no band."""
    import altair as alt

    y, layers = alt.Y("low:Q", title=title), []
    for name in ("measured", "smoothed"):
        bounded = [row for row in rows if row["series"] == name and "low" in row]
        if bounded:
            data, tint = alt.Chart(alt.Data(values=bounded)), _STYLES[name].colour
            layers.append(data.mark_rule(color=tint, opacity=0.28, strokeWidth=1.4).encode(x=x, y=y, y2="high:Q"))
            layers.append(data.mark_area(color=tint, opacity=0.14).encode(x=x, y=y, y2="high:Q", detail="run:N"))
    return layers


def draw_lines(
    rows: Sequence[dict[str, Any]], x: "alt.X", y: "alt.Y", placed: Sequence[PlacedMark]
) -> "list[alt.Chart]":
    """Draw each series as a line, and what was measured as dots, too."""
    import altair as alt

    names = [name for name in _STYLES if any(row["series"] == name for row in rows)]

    def scale(part: str) -> "alt.Scale":
        return alt.Scale(domain=names, range=[getattr(_STYLES[name], part) for name in names])

    # The legend stands above the releases' names.
    named = 1 + max((mark.row for mark in placed if mark.row is not None), default=-1)
    lines = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(interpolate="linear", strokeJoin="round")
        .encode(
            x=x,
            y=y,
            detail="run:N",
            color=alt.Color("series:N", scale=scale("colour"), legend=alt.Legend(offset=8 + _ROW_HEIGHT * named)),
            strokeDash=alt.StrokeDash("series:N", scale=scale("dashes")),
            strokeWidth=alt.StrokeWidth("series:N", scale=scale("width")),
        )
    )
    dots = alt.Chart(alt.Data(values=[row for row in rows if row["series"] == "measured"]))
    return [lines, dots.mark_point(filled=True, size=26, color=MODEL, opacity=1).encode(x=x, y=y)]


def draw_rings(ends: Sequence[datetime], foot: float, x: "alt.X", y: "alt.Y") -> "list[alt.Chart]":
    """Draw windows without a number at the foot."""
    import altair as alt

    if not ends:
        return []
    rings = alt.Chart(alt.Data(values=[{"time": milliseconds(end), "value": foot} for end in ends]))
    return [rings.mark_point(size=30, color=MUTED, filled=False, strokeWidth=1.3).encode(x=x, y=y)]


def draw_diamond(estimated: EstimatedView, last: PerformancePoint, x: "alt.X", y: "alt.Y") -> "list[alt.Chart]":
    """Draw an estimate with its interval, at the end of its window."""
    import altair as alt

    end = estimated.window.end if estimated.window else last.end
    row: dict[str, Any] = {"time": milliseconds(end), "value": estimated.value}
    if drawable(estimated.low, estimated.high):
        row |= {"low": estimated.low, "high": estimated.high}
    data = alt.Chart(alt.Data(values=[row]))
    point = data.mark_point(shape="diamond", size=90, color=LINEAR, filled=False, strokeWidth=1.8).encode(x=x, y=y)
    if "low" not in row:
        return [point]
    return [data.mark_rule(color=LINEAR, strokeWidth=1.4).encode(x=x, y="low:Q", y2="high:Q"), point]
