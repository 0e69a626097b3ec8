"""One limit of a rollout over its looks: canary beside champion, and what is held against the limit with its bounds."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from math import isfinite
from typing import NamedTuple, TypeVar

from stageline.reporting.charts.drawing import drawable
from stageline.reporting.charts.panel import Panel, Unit
from stageline.reporting.rollout_content import AbPoint, AbTestView, MetricPoint

_HEIGHT, _TEST_HEIGHT = 124, 210
_MOST_POINTS, _MOST_DOTS = 200, 40
# How many limits beyond what was measured a bound is still drawn in full: early ones say next to nothing.
_REACH = 3.0
_ZERO_BELOW = 0.6
_ROOM = 0.08

Span = tuple[datetime, datetime]
Point = TypeVar("Point", MetricPoint, AbPoint)


class Scene(NamedTuple):
    """What all charts of a rollout share.

    :param shifts: When the share changed.
    """

    span: Span
    shifts: Sequence[datetime]
    width: int


def draw_arms(points: Sequence[MetricPoint], scene: Scene, unit: Unit) -> str | None:
    """Return canary and champion as SVG, or nothing where neither has a number."""
    kept = thinned(points)
    ranges = [edge for one in kept for each in (one.canary_range, one.champion_range) if each for edge in each]
    seen = [value for one in kept for value in (one.canary, one.champion) if drawable(value) and value is not None]
    if not seen:
        return None
    seen += [edge for edge in ranges if isfinite(edge)]
    low, high = min(seen), max(seen)
    low = 0.0 if 0 <= low <= _ZERO_BELOW * high or low == high == 0 else low
    room = _ROOM * (high - low) or abs(high) * _ROOM or 1 / unit.factor
    panel = Panel.of((scene.width, _HEIGHT), scene.span, (low if low == 0 else low - room, high + room))
    return panel.svg([
        *panel.grid(unit=unit),
        *panel.foot(),
        *_shifts(panel, scene),
        *_spread(panel, [(one.at, one.champion_range) for one in kept], "champion-range"),
        *_spread(panel, [(one.at, one.canary_range) for one in kept], "canary-range"),
        panel.line([(one.at, one.champion) for one in kept], "champion"),
        panel.line([(one.at, one.canary) for one in kept], "canary"),
    ])  # fmt: skip


def draw_bounds(
    points: Sequence[MetricPoint], scene: Scene, unit: Unit, limit_words: str, *, signed: bool
) -> str | None:
    """Return what is held against the limit as SVG, with its bounds, or nothing where nothing is known.

    :param signed: Whether it may lie below zero.
    """
    kept = thinned(points)
    known = [one for one in kept if drawable(one.value)]
    limit = next((one.limit for one in reversed(kept) if drawable(one.limit)), None)
    if not known or limit is None:
        return None
    low, high = _ends([*(one.value or 0.0 for one in known), limit], _edges(known[-1]), limit)
    panel = Panel.of((scene.width, _HEIGHT), scene.span, (low if signed else 0.0, high))
    dots = (
        known if len(known) <= _MOST_DOTS else [one for one in known[:-1] if one.verdict.value == "failed"] + known[-1:]
    )
    return panel.svg([
        *panel.grid(unit=unit),
        *panel.foot(),
        *_shifts(panel, scene),
        *_bands(panel, known),
        *([panel.level(0.0, "zero")] if signed else []),
        panel.level(limit, "limit", limit_words),
        panel.line([(one.at, one.value) for one in kept], "canary"),
        *panel.dots([(one.at, one.value or 0.0, one.verdict.value) for one in dots]),
    ])  # fmt: skip


def draw_test(test: AbTestView, span: Span, unit: Unit, width: int) -> str | None:
    """Return the effect of an A/B test as SVG, with its bounds, or nothing where there is none yet.

    The axis of time ends with the planned end, or with the last look if that is later.
    """
    kept = thinned(test.points)
    known = [one for one in kept if drawable(one.value)]
    if not known:
        return None
    low, high = _ends([*(one.value or 0.0 for one in known), test.least, -test.least], _edges(known[-1]), test.least)
    whole = (span[0], max(span[1], test.until))
    dots = known if len(known) <= _MOST_DOTS else known[-1:]
    panel = Panel.of((width, _TEST_HEIGHT), whole, (low, high), days=True)
    return panel.svg([
        panel.band([(moment, -test.least, test.least) for moment in whole], "no-matter"),
        *panel.grid(unit=unit),
        *panel.foot(),
        *_bands(panel, known),
        panel.level(0.0, "zero"),
        panel.upright(test.until, "until", "planned end"),
        panel.line([(one.at, one.value) for one in kept], "canary"),
        *panel.dots([(one.at, one.value or 0.0, "canary-dot") for one in dots]),
    ])  # fmt: skip


def thinned(points: Sequence[Point]) -> list[Point]:
    """Return at most so many points as a chart can show apart, with the last one."""
    every = -(-len(points) // _MOST_POINTS) or 1
    return list(points[::-1][::every][::-1])


def _bands(panel: Panel, points: Sequence[MetricPoint] | Sequence[AbPoint]) -> Iterator[str]:
    edges = [(one.at, *_open(panel, one)) for one in points]
    yield panel.band(edges, "bounds")


def _open(panel: Panel, one: MetricPoint | AbPoint) -> tuple[float, float]:
    """Return the bounds, where there is none the axis' end."""
    low, high = _edges(one)
    return (panel.numbers.low if low is None else low), (panel.numbers.high if high is None else high)


def _edges(one: MetricPoint | AbPoint) -> tuple[float | None, float | None]:
    return tuple(edge if drawable(edge) else None for edge in (one.low, one.high))  # type: ignore[return-value]


def _ends(values: Sequence[float], edges: tuple[float | None, float | None], limit: float) -> tuple[float, float]:
    """Return the ends of the axis: it holds zero, the limit, what was measured, and the newest bounds within reason."""
    low, high = min(*values, 0.0), max(*values, 0.0)
    reach = _REACH * abs(limit)
    low = low if edges[0] is None else min(low, max(edges[0], low - reach))
    high = high if edges[1] is None else max(high, min(edges[1], high + reach))
    room = _ROOM * (high - low) or 1.0
    return low - room, high + 2 * room


def _shifts(panel: Panel, scene: Scene) -> Iterator[str]:
    for moment in scene.shifts:
        yield panel.upright(moment, "shift")


def _spread(panel: Panel, ranges: Sequence[tuple[datetime, tuple[float, float] | None]], kind: str) -> Iterator[str]:
    for known, run in groupby(ranges, key=lambda each: each[1] is not None):
        if known:
            yield panel.band([(moment, *edges) for moment, edges in run if edges is not None], kind)
