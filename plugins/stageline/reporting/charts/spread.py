"""How a window's numbers are spread beside the reference's, from counts in bins of about equal numbers of rows.

Drawn by hand, as the histograms are: a page has one for each column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import floor, isfinite

from stageline.reporting.charts.histogram import HEIGHT, WIDTH
from stageline.reporting.charts.paths import coordinate, polyline

CELLS = 36
_HEADROOM = 4
_TAIL = 14
_GAP = 8
# Up to how many times the middle eight tenths the axis reaches: one far value must not hide all others.
_REACH = 4.0
# In cells: a bin of one single value has next to no width.
_NO_WIDTH = 1e-6
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SpreadChart:
    """The picture, the numbers at the ends of its axis, and what lies beyond them.

    :param below: Shares below the axis, of the window and of the reference: where the reference has none, the axis
        ends where the reference does.
    :param above: Shares above it.
    """

    svg: str
    low: float
    high: float
    below: tuple[float, float]
    above: tuple[float, float]


def draw_spread(cuts: Sequence[float], reference: Sequence[int], current: Sequence[int]) -> SpreadChart | None:
    """Return the chart, or nothing where there are no numbers to draw.

    A bin's rows are spread evenly over it. What lies beyond the axis is a bar of its own at the picture's end.

    :param cuts: Ends of the bins; the first bin is below all of them, the last above.
    :param reference: Rows of the reference in each bin.
    :param current: Rows of the window.
    """
    if not cuts or not isfinite(cuts[-1] - cuts[0]) or not (sum(reference) and sum(current)):
        return None
    low, high = _axis(cuts, reference)
    if not isfinite(high - low) or not high > low:
        return None
    now, before = (_cells(cuts, counts, low, high) for counts in (current, reference))
    tallest = max(*now, *before)
    left = _TAIL + _GAP if now[0] or before[0] else 0
    right = WIDTH - (_TAIL + _GAP if now[-1] or before[-1] else 0)
    paths = []
    for name, cells in (("now", now), ("before", before)):
        rises = [_rise(share, tallest) for share in cells]
        paths.append(f'<path class="{name}" d="{_skyline(rises[1:-1], left, right)}"/>')
        for end, x in ((0, 0), (-1, WIDTH - _TAIL)):
            if cells[end]:
                paths.append(_bar(name if before[end] else f"{name} never", x, rises[end]))
    svg = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
        f'{"".join(paths)}<path class="ground" d="M{left} {HEIGHT}H{right}"/></svg>'
    )
    return SpreadChart(svg, low, high, (now[0], before[0]), (now[-1], before[-1]))


def _axis(cuts: Sequence[float], reference: Sequence[int]) -> tuple[float, float]:
    """Return the ends of the axis: the reference's own, unless a few values lie far from all others."""
    low, high = cuts[0], cuts[-1]
    whole, reached = sum(reference), list(accumulate(reference))
    tenth, ninth = (
        next(cut for cut, rows in zip(cuts, reached, strict=False) if 10 * rows >= part * whole or cut == high)
        for part in (1, 9)
    )
    core = ninth - tenth
    if core > 0 and high - low > _REACH * core:
        low, high = max(low, tenth - core), min(high, ninth + core)
    if high - low <= _ROUNDING * max(abs(low), abs(high)):
        # One value is all there is: it stands in the middle.
        room = max(abs(low) * 0.1, 0.5)
        low, high = low - room, high + room
    return low, high


def _cells(cuts: Sequence[float], counts: Sequence[int], low: float, high: float) -> list[float]:
    """Return the share below the axis, in each of its cells, and above it."""
    whole, width = sum(counts), (high - low) / CELLS
    cells = [0.0] * (CELLS + 2)
    cells[0], cells[-1] = counts[0] / whole, counts[-1] / whole
    for (start, end), rows in zip(pairwise(cuts), counts[1:-1], strict=True):
        if not rows:
            continue
        first, last = (start - low) / width, (end - low) / width
        if last - first < _NO_WIDTH:  # a bin of one single value
            cells[min(max(floor(first) + 1, 0), CELLS + 1)] += rows / whole
            continue
        density = rows / whole / (last - first)
        cells[0] += density * max(min(last, 0.0) - first, 0.0)
        cells[-1] += density * max(last - max(first, CELLS), 0.0)
        for cell in range(max(floor(first), 0), min(floor(last) + 1, CELLS)):
            cells[cell + 1] += density * max(min(last, cell + 1) - max(first, cell), 0.0)
    return [share if share > _ROUNDING else 0.0 for share in cells]


def _rise(share: float, tallest: float) -> float:
    return max((HEIGHT - _HEADROOM) * share / tallest, 1.0) if share else 0.0


def _skyline(rises: Sequence[float], left: float, right: float) -> str:
    step = (right - left) / len(rises)
    points = [
        point
        for place, rise in enumerate(rises)
        for point in ((left + place * step, HEIGHT - rise), (left + (place + 1) * step, HEIGHT - rise))
    ]
    return polyline([(left, HEIGHT), *points, (right, HEIGHT)])


def _bar(kind: str, x: float, rise: float) -> str:
    return f'<path class="{kind}" d="M{coordinate(x)} {HEIGHT}v{coordinate(-rise)}h{_TAIL}v{coordinate(rise)}"/>'
