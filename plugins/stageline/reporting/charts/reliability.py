"""Whether predicted probabilities mean what they say: the observed share in each bin of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stageline.reporting.charts.drawing import MODEL, MUTED, drawable, to_svg

if TYPE_CHECKING:
    import altair as alt

SIDE = 300
MOST_BINS = 100


def draw_reliability(bins: Sequence[tuple[float, float, int]]) -> str | None:
    """Return the chart as SVG, or nothing where no bin has rows.

    :param bins: Mean predicted probability, observed share and number of rows.
    """
    rows = [
        {"predicted": predicted, "observed": observed, "rows": n}
        for predicted, observed, n in sorted(bins, key=lambda one: one[0])
        if n > 0 and drawable(predicted, observed)
    ][:MOST_BINS]
    if not rows:
        return None
    return to_svg(lambda: _chart(rows))


def _chart(rows: list[dict[str, float]]) -> "alt.LayerChart":
    import altair as alt

    scale = alt.Scale(domain=[0, 1], nice=False)
    axis = alt.Axis(tickCount=5, format=".0%")
    x = alt.X("predicted:Q", scale=scale, title="predicted probability", axis=axis)
    y = alt.Y("observed:Q", scale=scale, title="observed share", axis=axis)
    data = alt.Chart(alt.Data(values=rows)).encode(x=x, y=y)
    size = alt.Size("rows:Q", scale=alt.Scale(range=[30, 260], zero=True), legend=None)
    ideal = (
        alt.Chart(alt.Data(values=[{"predicted": 0, "observed": 0}, {"predicted": 1, "observed": 1}]))
        .mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1)
        .encode(x=x, y=y)
    )
    return alt.layer(
        ideal,
        data.mark_line(color=MODEL, strokeWidth=1.3, opacity=0.6),
        data.mark_point(color=MODEL, filled=True, opacity=0.9).encode(size=size),
    ).properties(width=SIDE, height=SIDE)
