"""How much the KPI rests on each feature: bars with intervals, the strongest on top."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stageline.reporting.charts.drawing import INK, MODEL, drawable, padded, tick_format, to_svg
from stageline.reporting.content import ImportanceView
from stageline.reporting.text import distinct_labels, label

if TYPE_CHECKING:
    import altair as alt

MOST_FEATURES = 15
_ROW_HEIGHT = 24
_MOST_COLUMNS = 32


def strongest(importance: Sequence[ImportanceView]) -> list[ImportanceView]:
    """Return the features that the chart shows, the strongest first."""
    known = [one for one in importance if drawable(one.value)]
    return sorted(known, key=lambda one: -one.value)[:MOST_FEATURES]


def draw_importance(importance: Sequence[ImportanceView], width: int, metric: str) -> str | None:
    """Return the chart as SVG, or nothing where no importance is a number.

    :param width: Of the whole picture, in pixels.
    :param metric: Name of the metric that suffers, for the axis.
    """
    kept = strongest(importance)
    if not kept:
        return None
    labels = distinct_labels([one.feature for one in kept], min(_MOST_COLUMNS, width // 19))
    rows = [_row(one, name) for one, name in zip(kept, labels, strict=True)]
    return to_svg(lambda: _chart(rows, labels, width, label(metric, 34)))


def _row(one: ImportanceView, name: str) -> dict[str, Any]:
    row = {"feature": name, "value": one.value, "zero": 0}
    if drawable(one.low, one.high):
        row |= {"low": one.low, "high": one.high}
    return row


def _chart(rows: list[dict[str, Any]], labels: list[str], width: int, metric: str) -> "alt.LayerChart":
    import altair as alt

    ends = [value for row in rows for key in ("value", "low", "high") if (value := row.get(key)) is not None]
    low, high = padded([0.0, *ends], 0.03)
    scale = alt.Scale(domain=[low if min(ends) < 0 else 0, high], nice=False)
    y = alt.Y(
        "feature:N",
        scale=alt.Scale(domain=labels),
        title=None,
        axis=alt.Axis(labelColor=INK),
    )
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(color=MODEL, opacity=0.75, height={"band": 0.62})
        .encode(
            x=alt.X(
                "value:Q",
                scale=scale,
                title=[f"change in {metric}", "when the feature is shuffled"],
                axis=alt.Axis(tickCount=5, format=tick_format(low, high)),
            ),
            x2="zero:Q",
            y=y,
        )
    )
    spans = [row for row in rows if "low" in row]
    whiskers = (
        alt.Chart(alt.Data(values=spans)).mark_rule(color=INK, strokeWidth=1.2).encode(x="low:Q", x2="high:Q", y=y)
    )
    return alt.layer(*([bars, whiskers] if spans else [bars])).properties(
        width=width,
        height=_ROW_HEIGHT * len(rows),
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
