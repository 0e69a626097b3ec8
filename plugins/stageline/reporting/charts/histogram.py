"""How a column's numbers are spread: this run as a filled shape, the reference as an outline over it.

Drawn by hand: altair takes some 70 ms and 8 kB for such a chart, too much for a page of fifty columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from stageline.reporting.charts.paths import polyline

WIDTH = 280
HEIGHT = 72
_HEADROOM = 4

Bins = tuple[Sequence[float], Sequence[int]]
Block = tuple[float, float, float]


@dataclass(frozen=True)
class HistogramChart:
    """The picture, and the numbers at the ends of its axis."""

    svg: str
    low: float
    high: float


def draw_histogram(now: Bins | None, before: Bins | None = None) -> HistogramChart | None:
    """Return the chart, or nothing where there are no numbers to draw.

    The two may have different bins: a bar's area is its share of its own run. The style sheet stretches the
    picture and gives it its colours.

    :param now: Edges and counts of this run.
    :param before: Edges and counts of the reference.
    """
    runs = {name: bins for name, bins in (("now", now), ("before", before)) if bins is not None and any(bins[1])}
    ends = [edge for edges, _ in runs.values() for edge in (edges[0], edges[-1])]
    if not ends or not isfinite(max(ends) - min(ends)):
        return None
    low, high = min(ends), max(ends)
    shapes = {name: _blocks(*bins, low, high) for name, bins in runs.items()}
    tallest = max(height for blocks in shapes.values() for _, _, height in blocks)
    paths = "".join(f'<path class="{name}" d="{_skyline(blocks, tallest)}"/>' for name, blocks in shapes.items())
    svg = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'{paths}<path class="ground" d="M0 {HEIGHT}H{WIDTH}"/></svg>'
    )
    return HistogramChart(svg, low, high)


def _blocks(edges: Sequence[float], counts: Sequence[int], low: float, high: float) -> list[Block]:
    """Return left end, right end and height of every bar, as shares of the axis and in density."""
    if high == low:  # one single value is all there is: a bar in the middle
        return [(0.45, 0.55, 1.0)]
    total, least = sum(counts), 1 / WIDTH
    places = [(edge - low) / (high - low) for edge in edges]
    blocks = []
    for (left, right), count in zip(pairwise(places), counts, strict=True):
        width = max(right - left, least)  # a bin of a single value has a width all the same
        start = min(left, 1 - width)
        blocks.append((start, start + width, count / total / width))
    return blocks


def _skyline(blocks: Sequence[Block], tallest: float) -> str:
    points = []
    for left, right, height in blocks:
        # A bar of a thousandth of the rows is still seen.
        rise = max((HEIGHT - _HEADROOM) * height / tallest, 1.0) if height else 0.0
        points += [(left * WIDTH, HEIGHT - rise), (right * WIDTH, HEIGHT - rise)]
    return polyline([(points[0][0], HEIGHT), *points, (points[-1][0], HEIGHT)])
