"""Cost of 1,000 predictions by load: one line an option, its band, and where another one becomes cheaper."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stageline.reporting.charts.drawing import DUMMY, GOAL, INK, LINEAR, MODEL, MUTED, drawable, to_svg
from stageline.reporting.cost_content import BreakEvenView, CurveView, TurnView
from stageline.reporting.text import label

if TYPE_CHECKING:
    import altair as alt

_HEIGHT = 300
_PHONE = 500
_COLOURS = (MODEL, LINEAR, GOAL, DUMMY, INK)
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 3])
MOST_LINES = len(_COLOURS)


def draw_cost_curve(
    curves: Sequence[CurveView], marks: Sequence[BreakEvenView], today: float, currency: str, width: int
) -> str | None:
    """Return the chart as SVG, or nothing where there is nothing to draw.

    :param curves: The first one stands out and has its band; an option that does not fit at a load leaves a gap.
    :param today: Requests a month at the start.
    :param width: Of the whole picture, in pixels.
    """
    rows, band = _rows(curves)
    if not rows:
        return None
    return to_svg(lambda: _chart(rows, band, curves, marks=marks, today=today, currency=currency, width=width))


def draw_marginal(curve: CurveView, turn: TurnView | None, currency: str, width: int) -> str | None:
    """Return average and marginal cost of one option as SVG, with where the latter turns."""
    rows = [
        {"load": point.load, "cost": cost, "series": name, "run": name}
        for point in curve.points
        for name, cost in (("average", point.per_1000.mean), ("marginal", point.marginal))
        if drawable(point.load, cost) and cost is not None and cost > 0
    ]
    if not rows:
        return None
    marks = [(turn.rises_from, "rises"), (turn.falls_from, "falls")] if turn else []
    return to_svg(lambda: _marginal_chart(rows, marks, currency, width))


def _rows(curves: Sequence[CurveView]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, band = [], []
    for place, curve in enumerate(curves[:MOST_LINES]):
        name, run = label(curve.words, 30), 0
        for point in curve.points:
            cost = point.per_1000
            if not point.fits or not drawable(point.load, cost.mean) or cost.mean <= 0:
                run += 1
                continue
            rows.append({"load": point.load, "cost": cost.mean, "series": name, "run": f"{place}.{run}"})
            if not place and drawable(cost.low, cost.high) and cost.low > 0:
                band.append({"load": point.load, "low": cost.low, "high": cost.high, "run": run})
    return rows, band


def _chart(
    rows: list[dict[str, Any]], band: list[dict[str, Any]], curves: Sequence[CurveView], *,
    marks: Sequence[BreakEvenView], today: float, currency: str, width: int,
) -> "alt.LayerChart":  # fmt: skip
    import altair as alt

    names = list(dict.fromkeys(label(curve.words, 30) for curve in curves[:MOST_LINES]))
    x, y = _axes(f"{currency} per 1,000 predictions", width, [row["load"] for row in rows])
    layers: list[Any] = []
    if band:
        area = alt.Chart(alt.Data(values=band)).mark_area(color=MODEL, opacity=0.14)
        layers.append(area.encode(x=x, y=alt.Y("low:Q", scale=alt.Scale(type="log")), y2="high:Q", detail="run:N"))
    ends = {row["load"] for row in rows}
    placed = [(mark.load, label(mark.after, 26)) for mark in marks if min(ends) <= mark.load <= max(ends)]
    layers += _rules(placed, x, GOAL)
    if min(ends) <= today <= max(ends):
        layers += _rules([(today, "today")], x, MUTED, row=1)
    layers.append(
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2, interpolate="linear")
        .encode(
            x=x, y=y, detail="run:N",
            color=alt.Color(
                "series:N", scale=alt.Scale(domain=names, range=list(_COLOURS[: len(names)])),
                legend=alt.Legend(columns=2 if width < _PHONE else 0),
            ),
            strokeDash=alt.StrokeDash(
                "series:N", scale=alt.Scale(domain=names, range=list(_DASHES[: len(names)])), legend=None
            ),
        )
    )  # fmt: skip
    return _sized(layers, width)


def _marginal_chart(
    rows: list[dict[str, Any]], marks: Sequence[tuple[float, str]], currency: str, width: int
) -> "alt.LayerChart":
    import altair as alt

    x, y = _axes(f"{currency} per 1,000 predictions", width, [row["load"] for row in rows])
    colour = alt.Color("series:N", scale=alt.Scale(domain=["average", "marginal"], range=[MODEL, LINEAR]))
    lines = alt.Chart(alt.Data(values=rows)).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
    return _sized([*_rules(marks, x, MUTED), lines], width)


def _axes(title: str, width: int, loads: Sequence[float]) -> "tuple[alt.X, alt.Y]":
    import altair as alt

    ends = [min(loads), max(loads)]
    powers = [10**power for power in range(-6, 16)]
    x = alt.X(
        "load:Q",
        scale=alt.Scale(type="log", domain=ends, nice=False),
        title="requests a month",
        axis=alt.Axis(values=powers, format="~s", grid=False, labelExpr="replace(datum.label, 'G', 'B')"),
    )
    y = alt.Y(
        "cost:Q", scale=alt.Scale(type="log", nice=False), title=title,
        axis=alt.Axis(values=powers, format="~g" if width < _PHONE else ",~g"),
    )  # fmt: skip
    return x, y


def _rules(marks: Sequence[tuple[float, str]], x: "alt.X", colour: str, row: int = 0) -> "list[alt.Chart]":
    import altair as alt

    if not marks:
        return []
    layers = []
    for index, (load, words) in enumerate(marks):
        data = alt.Chart(alt.Data(values=[{"load": load, "text": words}]))
        layers += [
            data.mark_rule(color=colour, strokeDash=[4, 3], strokeWidth=1.3).encode(x=x),
            data.mark_text(color=colour, fontSize=11.5, align="left", dx=4).encode(
                x=x, y=alt.value(10 + 15 * (row + index)), text="text:N"
            ),
        ]
    return layers


def _sized(layers: list[Any], width: int) -> "alt.LayerChart":
    import altair as alt

    return alt.layer(*layers).properties(
        width=width, height=_HEIGHT, autosize=alt.AutoSizeParams(type="fit-x", contains="padding")
    )
