"""Predicted against actual values: points, or hexagons where there are many."""

from collections.abc import Sequence
from math import sqrt
from typing import TYPE_CHECKING

from stageline.reporting.charts.drawing import MODEL, MUTED, drawable, padded, tick_format, to_svg
from stageline.reporting.charts.hexagons import HEXAGON, count_in_hexagons
from stageline.reporting.text import label

if TYPE_CHECKING:
    import altair as alt

SIDE = 360
MOST_POINTS = 400
_HEXAGONS_ACROSS = 28
_FAINTEST = 0.14


def draw_scatter(pairs: Sequence[tuple[float, float]], target: str | None = None) -> str | None:
    """Return the chart as SVG, or nothing where no pair is two numbers.

    :param pairs: Actual and predicted value of each row.
    :param target: Name of the predicted column, for the axes.
    """
    kept = [pair for pair in pairs if drawable(*pair)]
    if not kept:
        return None
    return to_svg(lambda: _chart(kept, label(target, 30) if target else "value"))


def _chart(pairs: list[tuple[float, float]], name: str) -> "alt.LayerChart":
    import altair as alt

    low, high = padded([value for pair in pairs for value in pair], 0.04)
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    axis = alt.Axis(tickCount=5, format=tick_format(low, high))
    x = alt.X("x:Q", scale=scale, title=f"actual {name}", axis=axis)
    y = alt.Y("y:Q", scale=scale, title=f"predicted {name}", axis=axis)
    if len(pairs) > MOST_POINTS:
        cells = count_in_hexagons(pairs, low, high, _HEXAGONS_ACROSS)
        densest = max(count for _, _, count in cells)
        rows = [
            # The root keeps thinly filled cells visible beside dense ones.
            {"x": x0, "y": y0, "weight": round(_FAINTEST + (1 - _FAINTEST) * sqrt(count / densest), 2)}
            for x0, y0, count in cells
        ]
        radius = SIDE / _HEXAGONS_ACROSS / sqrt(3)
        marks = (
            alt.Chart(alt.Data(values=rows))
            .mark_point(shape=HEXAGON, size=4 * radius**2, filled=True, color=MODEL)
            .encode(x=x, y=y, opacity=alt.Opacity("weight:Q", scale=None, legend=None))
        )
    else:
        rows = [{"x": actual, "y": predicted} for actual, predicted in pairs]
        marks = (
            alt.Chart(alt.Data(values=rows))
            .mark_point(size=28, filled=True, color=MODEL, opacity=0.45)
            .encode(x=x, y=y)
        )
    ideal = (
        alt.Chart(alt.Data(values=[{"x": low, "y": low}, {"x": high, "y": high}]))
        .mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1)
        .encode(x=x, y=y)
    )
    return alt.layer(marks, ideal).properties(width=SIDE, height=SIDE)
