"""The KPI of model and baselines as points with intervals, against the goal."""

from typing import TYPE_CHECKING, Any

from stageline.reporting.charts.drawing import (
    DUMMY,
    GOAL,
    INK,
    LINEAR,
    MODEL,
    drawable,
    padded,
    tick_format,
    to_svg,
)
from stageline.reporting.content import EstimateView, KpiView
from stageline.reporting.formats import number
from stageline.reporting.text import label

if TYPE_CHECKING:
    import altair as alt

COLOURS = {"model": MODEL, "linear baseline": LINEAR, "dummy baseline": DUMMY}
_ROW_HEIGHT = 52


def draw_kpi(kpi: KpiView, width: int) -> str | None:
    """Return the chart as SVG, or nothing where no estimate is a number.

    :param width: Of the whole picture, in pixels.
    """
    rows = [_row(estimate) for estimate in kpi.estimates if drawable(estimate.value)]
    if not rows:
        return None
    return to_svg(lambda: _chart(kpi, rows, width))


def _row(estimate: EstimateView) -> dict[str, Any]:
    row = {"name": estimate.name, "value": estimate.value, "text": number(estimate.value)}
    if drawable(estimate.low, estimate.high):
        row |= {"low": estimate.low, "high": estimate.high}
    return row


def _chart(kpi: KpiView, rows: list[dict[str, Any]], width: int) -> "alt.LayerChart":
    import altair as alt

    seen = [value for row in rows for key in ("value", "low", "high") if (value := row.get(key)) is not None]
    with_goal = drawable(kpi.goal)
    low, high = padded([*seen, kpi.goal] if with_goal else seen)
    title = label(kpi.metric + (f" ({kpi.unit})" if kpi.unit else ""), width // 9)
    direction = "more is better →" if kpi.greater_is_better else "← less is better"
    names = [row["name"] for row in rows]
    x = alt.X(
        "value:Q",
        scale=alt.Scale(domain=[low, high], nice=False, zero=False),
        title=[title, direction],
        axis=alt.Axis(tickCount=5, format=tick_format(low, high)),
    )
    y = alt.Y("name:N", scale=alt.Scale(domain=names), title=None, axis=alt.Axis(labelColor=INK))
    colour = alt.Color("name:N", scale=alt.Scale(domain=names, range=[COLOURS[name] for name in names]), legend=None)
    points = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y, color=colour)
    spans = [row for row in rows if "low" in row]
    layers: list[alt.Chart] = [
        points.mark_text(dy=-14, fontSize=12, fontWeight="bold").encode(text="text:N"),
        points.mark_point(filled=True, size=95, opacity=1),
    ]
    if spans:
        whiskers = alt.Chart(alt.Data(values=spans)).mark_rule(strokeWidth=3, strokeCap="round", opacity=0.5)
        layers.insert(0, whiskers.encode(x=alt.X("low:Q"), x2="high:Q", y=y, color=colour))
    if with_goal:
        layers = [*_goal(kpi, low, high), *layers]
    return alt.layer(*layers).properties(
        width=width,
        height=_ROW_HEIGHT * len(rows),
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )


def _goal(kpi: KpiView, low: float, high: float) -> "list[alt.Chart]":
    import altair as alt

    end = high if kpi.greater_is_better else low
    words = f"goal: at {'least' if kpi.greater_is_better else 'most'} {number(kpi.goal)}"
    data = alt.Chart(alt.Data(values=[{"goal": kpi.goal, "end": end, "text": words}]))
    # The words lean to where there is room, so that they never leave the picture.
    align = "left" if kpi.goal - low < high - kpi.goal else "right"
    return [
        data.mark_rect(color=GOAL, opacity=0.08).encode(x=alt.X("goal:Q"), x2="end:Q"),
        data.mark_rule(color=GOAL, strokeDash=[4, 3], strokeWidth=1.5).encode(x=alt.X("goal:Q")),
        data.mark_text(color=GOAL, align=align, fontSize=11.5, dy=-9).encode(
            x=alt.X("goal:Q"), y=alt.value(0), text="text:N"
        ),
    ]
