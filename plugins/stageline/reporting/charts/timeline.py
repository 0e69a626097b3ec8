"""Actual and predicted values of the holdout over time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stageline.reporting.charts.drawing import DUMMY, INK, MODEL, drawable, tick_format, to_svg
from stageline.reporting.content import TimelinePoint
from stageline.reporting.text import label

if TYPE_CHECKING:
    import altair as alt

MOST_POINTS = 500
_HEIGHT = 260
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# Series: colour, dashes, stroke width, opacity; the first is drawn first. The wide pale line stays visible
# where the narrow dark one covers it.
_STYLES: dict[str, tuple[str, list[int], float, float]] = {
    "actual": (INK, [1, 0], 3.0, 0.3),
    "predicted": (MODEL, [1, 0], 1.3, 1.0),
    "baseline": (DUMMY, [4, 3], 1.3, 1.0),
}


def draw_timeline(points: Sequence[TimelinePoint], width: int, target: str | None = None) -> str | None:
    """Return the chart as SVG, or nothing where there are not two points in time to join.

    Values that are not finite leave a gap in their line.

    :param width: Of the whole picture, in pixels.
    :param target: Name of the predicted column, for the axis.
    """
    ordered = sorted(points, key=lambda point: _milliseconds(point.time))
    kept = ordered[:: -(-len(ordered) // MOST_POINTS)] if ordered else []
    series = [name for name in _STYLES if any(drawable(getattr(point, name)) for point in kept)]
    moments = {_milliseconds(point.time) for point in kept if drawable(point.actual, point.predicted)}
    if len(moments) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    rows = [
        {"time": _milliseconds(point.time), "series": name, "value": value if drawable(value) else None}
        for name in series
        for point in kept
        for value in (getattr(point, name),)
    ]
    return to_svg(lambda: _chart(rows, series, width, label(target, 30) if target else "value"))


def ends(points: Sequence[TimelinePoint]) -> tuple[datetime, datetime] | None:
    """Return the first and the last time; one without a zone counts as UTC."""
    times = sorted((point.time for point in points), key=_milliseconds)
    return (times[0], times[-1]) if times else None


def _milliseconds(time: datetime) -> int:
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - _EPOCH) // _MILLISECOND


def _chart(rows: list[dict[str, Any]], series: list[str], width: int, title: str) -> "alt.LayerChart":
    import altair as alt

    def scale(part: int) -> "alt.Scale":
        return alt.Scale(domain=series, range=[_STYLES[name][part] for name in series])

    seen = [row["value"] for row in rows if row["value"] is not None]
    lines = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(interpolate="linear", strokeJoin="round")
        .encode(
            # Never the machine's own time zone: the same content is the same picture everywhere.
            x=alt.X(
                "time:T",
                scale=alt.Scale(type="utc"),
                title=None,
                axis=alt.Axis(tickCount=max(3, width // 110), grid=False, labelOverlap="greedy", labelFlush=True),
            ),
            y=alt.Y(
                "value:Q",
                title=title,
                scale=alt.Scale(zero=False, nice=True),
                axis=alt.Axis(tickCount=5, format=tick_format(min(seen), max(seen))),
            ),
            color=alt.Color("series:N", scale=scale(0)),
            strokeDash=alt.StrokeDash("series:N", scale=scale(1)),
            strokeWidth=alt.StrokeWidth("series:N", scale=scale(2)),
            opacity=alt.Opacity("series:N", scale=scale(3)),
        )
    )
    return alt.layer(lines).properties(
        width=width, height=_HEIGHT, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    )
