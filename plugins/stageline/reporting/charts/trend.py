"""A metric over the last runs: a line, the band it was expected in, and its latest value as a point."""

from collections.abc import Sequence
from itertools import groupby
from math import isfinite

from stageline.reporting.charts.paths import coordinate, polyline

WIDTH = 260
HEIGHT = 52
MOST_RUNS = 60
_MARGIN = 6

RunPoint = tuple[float | None, float | None, float | None]


def draw_trend(points: Sequence[RunPoint], *, alert: bool = False) -> str | None:
    """Return the picture as SVG, or nothing where no value is a number.

    Runs stand side by side in their order, whatever time lies between them. A run without a value leaves a gap.

    :param points: Value, lower and upper end of the band, run by run; the last is the latest.
    :param alert: Whether the latest value is drawn as one that needs attention.
    """
    kept = points[-MOST_RUNS:]
    values, lows, highs = ([_finite(point[part]) for point in kept] for part in range(3))
    seen = [number for number in (*values, *lows, *highs) if number is not None]
    if not any(value is not None for value in values) or not isfinite(max(seen) - min(seen)):
        return None
    least, span = min(seen), max(seen) - min(seen)

    def place(index: int, number: float | None) -> tuple[float, float]:
        along = index / max(len(kept) - 1, 1)
        up = ((number or 0.0) - least) / span if span else 0.5
        return _MARGIN + (WIDTH - 2 * _MARGIN) * along, HEIGHT - _MARGIN - (HEIGHT - 2 * _MARGIN) * up

    bands = [
        polyline([*(place(i, highs[i]) for i in stretch), *(place(i, lows[i]) for i in reversed(stretch))]) + "Z"
        for stretch in _stretches([None not in ends for ends in zip(lows, highs, strict=True)])
    ]
    lines = [
        polyline(place(i, values[i]) for i in stretch)
        for stretch in _stretches([value is not None for value in values])
    ]
    latest = max(index for index, value in enumerate(values) if value is not None)
    x, y = map(coordinate, place(latest, values[latest]))
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<path class="band" d="{"".join(bands)}"/><path class="line" d="{"".join(lines)}"/>'
        f'<circle class="{"alert" if alert else "latest"}" cx="{x}" cy="{y}" r="3.5"/></svg>'
    )


def _stretches(present: Sequence[bool]) -> list[list[int]]:
    """Return the indexes of every unbroken stretch."""
    grouped = groupby(range(len(present)), key=lambda index: present[index])
    return [list(indexes) for there, indexes in grouped if there]


def _finite(number: float | None) -> float | None:
    return number if number is not None and isfinite(number) else None
