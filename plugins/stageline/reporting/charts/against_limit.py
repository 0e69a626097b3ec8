"""One measure with its bounds against its limit: a line, a dot, and the limit as a mark."""

from math import isfinite

from stageline.reporting.charts.paths import coordinate

WIDTH = 160
HEIGHT = 18
_MARGIN = 5
_MIDDLE = HEIGHT / 2


def draw_against_limit(value: float | None, low: float | None, high: float | None, limit: float | None) -> str | None:
    """Return the picture as SVG, or nothing where value or limit is no number.

    The axis begins at 0 and holds all of them.
    """
    numbers = [number for number in (value, low, high, limit) if number is not None and isfinite(number)]
    if value is None or limit is None or not (isfinite(value) and isfinite(limit)):
        return None
    most = max(*numbers, 0.0)
    if not most:
        return None

    def place(number: float) -> str:
        return coordinate(_MARGIN + (WIDTH - 2 * _MARGIN) * min(max(number, 0.0) / (1.08 * most), 1.0))

    ends = [number if number is not None and isfinite(number) else value for number in (low, high)]
    return (
        f'<svg class="gauge" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
        f'<path class="ground" d="M{_MARGIN} {coordinate(_MIDDLE)}H{WIDTH - _MARGIN}"/>'
        f'<path class="limit" d="M{place(limit)} 1V{HEIGHT - 1}"/>'
        f'<path class="span" d="M{place(ends[0])} {coordinate(_MIDDLE)}H{place(ends[1])}"/>'
        f'<circle class="dot" cx="{place(value)}" cy="{coordinate(_MIDDLE)}" r="3.5"/></svg>'
    )
