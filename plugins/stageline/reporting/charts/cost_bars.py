"""What matters most as a tornado, and the months' forecast with what they cost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stageline.reporting.charts.drawing import INK, LINEAR, MODEL, MUTED, drawable, padded, tick_format, to_svg
from stageline.reporting.cost_content import MonthView, SwingView
from stageline.reporting.text import distinct_labels

if TYPE_CHECKING:
    import altair as alt

_ROW_HEIGHT, _HEIGHT = 30, 220
MOST_SWINGS = 10


def draw_tornado(swings: Sequence[SwingView], middle: float, currency: str, width: int) -> str | None:
    """Return the chart as SVG, or nothing where no factor moves anything.

    :param middle: Total with all factors in the middle of their bands.
    :param width: Of the whole picture, in pixels.
    """
    kept = [swing for swing in swings if drawable(swing.at_low, swing.at_high)][:MOST_SWINGS]
    if not drawable(middle) or not any(swing.at_low != swing.at_high for swing in kept):
        return None
    names = distinct_labels([swing.words for swing in kept], max(16, width // 18))
    rows = [
        {"factor": name, "from": middle, "to": value, "end": end}
        for swing, name in zip(kept, names, strict=True)
        for end, value in (("low end", swing.at_low), ("high end", swing.at_high))
    ]
    return to_svg(lambda: _tornado(rows, names, middle, currency, width))


def _tornado(
    rows: list[dict[str, Any]], names: list[str], middle: float, currency: str, width: int
) -> "alt.LayerChart":
    import altair as alt

    low, high = padded([middle, *(row["to"] for row in rows)])
    x = alt.X(
        "from:Q", scale=alt.Scale(domain=[low, high], nice=False, zero=False), title=f"total in {currency}",
        axis=alt.Axis(tickCount=max(3, width // 150), format=tick_format(low, high)),
    )  # fmt: skip
    y = alt.Y("factor:N", scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelColor=INK))
    colour = alt.Color(
        "end:N", scale=alt.Scale(domain=["low end", "high end"], range=[LINEAR, MODEL]),
        legend=alt.Legend(symbolType="square", symbolSize=90),
    )  # fmt: skip
    bars = (
        alt.Chart(alt.Data(values=rows))
        .mark_bar(opacity=0.75, height={"band": 0.62})
        .encode(x=x, x2="to:Q", y=y, color=colour)
    )
    rule = alt.Chart(alt.Data(values=[{"from": middle}])).mark_rule(color=INK, strokeWidth=1.2).encode(x="from:Q")
    return alt.layer(bars, rule).properties(
        width=width, height=_ROW_HEIGHT * len(names), autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    )


def draw_forecast(months: Sequence[MonthView], currency: str, width: int) -> str | None:
    """Return the months' band, its mean and what is known of them as SVG, or nothing where there are none."""
    rows = [
        {"month": each.number, "low": each.forecast.low, "mean": each.forecast.mean, "high": each.forecast.high}
        for each in months
        if drawable(each.forecast.low, each.forecast.mean, each.forecast.high)
    ]
    if not rows:
        return None
    known = [{"month": each.number, "mean": each.actual} for each in months if drawable(each.actual)]
    return to_svg(lambda: _forecast(rows, known, currency, width))


def _forecast(rows: list[dict[str, Any]], known: list[dict[str, Any]], currency: str, width: int) -> "alt.LayerChart":
    import altair as alt

    highest = max([*(row["high"] for row in rows), *(row["mean"] for row in known)])
    x = alt.X(
        "month:Q", title="month", scale=alt.Scale(domain=[rows[0]["month"], rows[-1]["month"]], nice=False),
        axis=alt.Axis(tickCount=max(3, width // 80), format="d", grid=False, tickMinStep=1),
    )  # fmt: skip
    y = alt.Y(
        "mean:Q", title=f"{currency} a month", scale=alt.Scale(domain=[0, highest * 1.06], nice=False),
        axis=alt.Axis(tickCount=5, format=tick_format(0, highest)),
    )  # fmt: skip
    data = alt.Chart(alt.Data(values=rows))
    band = data.mark_area(color=MODEL, opacity=0.16).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    line = data.mark_line(color=MODEL, strokeWidth=2).encode(x=x, y=y)
    dots = alt.Chart(alt.Data(values=known)).mark_point(color=INK, filled=True, size=45, opacity=1).encode(x=x, y=y)
    base = alt.Chart(alt.Data(values=[{"mean": 0}])).mark_rule(color=MUTED, strokeWidth=1).encode(y=y)
    return alt.layer(band, base, line, *([dots] if known else [])).properties(
        width=width, height=_HEIGHT, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    )
