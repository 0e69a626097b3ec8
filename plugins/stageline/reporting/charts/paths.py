"""Paths of hand-drawn charts: coordinates short enough that fifty charts stay small."""

from collections.abc import Iterable


def coordinate(value: float) -> str:
    """Return a length in pixels to a tenth of one."""
    return f"{value:.1f}".removesuffix(".0")


def polyline(points: Iterable[tuple[float, float]]) -> str:
    """Return the path through points, without closing it."""
    return "".join(f"{'L' if index else 'M'}{coordinate(x)} {coordinate(y)}" for index, (x, y) in enumerate(points))
