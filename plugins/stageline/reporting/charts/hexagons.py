"""Points counted in hexagons, so that thousands of them stay readable."""

from collections import Counter
from collections.abc import Iterable
from math import sqrt

# A regular hexagon that stands on a corner, in the box from -1 to 1.
HEXAGON = "M0,-1L0.866,-0.5L0.866,0.5L0,1L-0.866,0.5L-0.866,-0.5Z"


def count_in_hexagons(
    points: Iterable[tuple[float, float]], low: float, high: float, across: int
) -> list[tuple[float, float, int]]:
    """Return the centre and count of every hexagon that holds a point.

    Each point goes to the nearer of two shifted grids' nearest centres (Carr et al. 1987, "Scatterplot Matrix
    Techniques for Large N").

    :param low: Start of both axes.
    :param high: End of both axes.
    :param across: Hexagons side by side over the whole axis.
    """
    step = (high - low) / across
    rise = step * sqrt(3)
    counts: Counter[tuple[float, float]] = Counter()
    for x, y in points:
        centres = []
        for shift in (0.0, 0.5):
            column = round((x - low) / step - shift) + shift
            row = round((y - low) / rise - shift) + shift
            centres.append((low + column * step, low + row * rise))
        counts[min(centres, key=lambda centre: (centre[0] - x) ** 2 + (centre[1] - y) ** 2)] += 1
    return sorted((x, y, count) for (x, y), count in counts.items())
