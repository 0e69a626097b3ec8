"""A hand-drawn chart over time: its frame, lines, bands and marks, coloured by the page's style sheet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import isfinite
from typing import Self

from stageline.reporting.charts.axes import Axis, decimals_of, tick_text, time_ticks
from stageline.reporting.charts.paths import coordinate, polyline

LEFT, RIGHT, TOP = 52.0, 12.0, 10.0
FOOT, FOOT_WITH_DAYS = 22.0, 38.0
_TICK_PIXELS = 76
_LINE_PIXELS = 27

Pairs = Sequence[tuple[datetime, float | None]]


@dataclass(frozen=True)
class Unit:
    """How an axis names its numbers.

    :param factor: What they are multiplied by.
    """

    factor: float = 1.0
    suffix: str = ""


@dataclass(frozen=True)
class Panel:
    """Where everything lies.

    :param times: In seconds since 1970.
    :param days: Whether the foot has a line for the days.
    """

    width: float
    height: float
    times: Axis
    numbers: Axis
    days: bool = False

    @classmethod
    def of(
        cls,
        size: tuple[float, float],
        span: tuple[datetime, datetime],
        numbers: tuple[float, float],
        *,
        days: bool = False,
    ) -> Self:
        """Return a panel over a span of time and of numbers."""
        width, height = size
        first, last = (moment.timestamp() for moment in span)
        last = max(last, first + 1.0)
        bottom = height - (FOOT_WITH_DAYS if days else FOOT)
        return cls(width, height, Axis(first, last, LEFT, width - RIGHT), Axis(*numbers, bottom, TOP), days)

    @property
    def bottom(self) -> float:
        """Pixel below which the foot begins."""
        return self.numbers.first

    def svg(self, parts: Iterable[str]) -> str:
        """Return the parts as one picture."""
        width, height = coordinate(self.width), coordinate(self.height)
        return (
            f'<svg class="panel" width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">'
            f"{''.join(parts)}</svg>"
        )

    def at(self, moment: datetime, value: float) -> tuple[float, float]:
        """Return where a number at a time lies."""
        return self.times.place(moment.timestamp()), self.numbers.place(value)

    def grid(self, ticks: Sequence[float] | None = None, unit: Unit | None = None) -> Iterator[str]:
        """Yield the lines of the ticks with their numbers; without ticks, of round ones."""
        unit = unit or Unit()
        found = self.numbers.ticks(max(2, int((self.bottom - TOP) // _LINE_PIXELS))) if ticks is None else list(ticks)
        decimals = decimals_of(found, unit.factor) if ticks is None else 0
        for value in found:
            y = self.numbers.place(value)
            yield f'<path class="grid" d="M{coordinate(LEFT)} {coordinate(y)}H{coordinate(self.width - RIGHT)}"/>'
            text, place = (
                tick_text(unit.factor * value, decimals),
                f'x="{coordinate(LEFT - 7)}" y="{coordinate(y + 4)}"',
            )
            yield f'<text class="tick" {place} text-anchor="end">{text}{unit.suffix}</text>'

    def foot(self) -> Iterator[str]:
        """Yield the times below the panel."""
        most = max(2, int((self.width - LEFT - RIGHT) // _TICK_PIXELS))
        for second, clock, day in time_ticks(self.times, most):
            x = min(max(self.times.place(second), LEFT + 10), self.width - RIGHT - 12)
            lines = [clock, day] if clock and self.days else [clock or day]
            for line, text in enumerate(lines):
                if text:
                    y = coordinate(self.bottom + 16 + 15 * line)
                    yield f'<text class="tick" x="{coordinate(x)}" y="{y}" text-anchor="middle">{text}</text>'

    def line(self, pairs: Pairs, kind: str) -> str:
        """Return a line through the numbers; where one is missing, it is broken."""
        runs = (
            [self.at(moment, value) for moment, value in run if value is not None]
            for known, run in groupby(pairs, key=lambda pair: _known(pair[1]))
            if known
        )
        # A run of one is a point: a line of no length with round ends.
        drawn = (polyline(run if len(run) > 1 else run * 2) for run in runs)
        return f'<path class="{kind}" d="{"".join(drawn)}"/>'

    def band(self, edges: Sequence[tuple[datetime, float, float]], kind: str) -> str:
        """Return the area between two lines; of one time alone, a line upright."""
        upper = [self.at(moment, high) for moment, _, high in edges]
        lower = [self.at(moment, low) for moment, low, _ in edges]
        closed = "Z" if len(edges) > 1 else ""
        return f'<path class="{kind}" d="{polyline([*upper, *reversed(lower)])}{closed}"/>' if edges else ""

    def level(self, value: float, kind: str, words: str = "") -> str:
        """Return a line across at a number, with words at its left end, where a chart has least to show."""
        y = self.numbers.place(value)
        line = f'<path class="{kind}" d="M{coordinate(LEFT)} {coordinate(y)}H{coordinate(self.width - RIGHT)}"/>'
        if not words:
            return line
        return f'{line}<text class="tick halo" x="{coordinate(LEFT + 4)}" y="{coordinate(y - 5)}">{words}</text>'

    def upright(self, moment: datetime, kind: str, words: str = "") -> str:
        """Return a line upright at a time, with words on its left."""
        x = self.times.place(moment.timestamp())
        line = f'<path class="{kind}" d="M{coordinate(x)} {coordinate(TOP)}V{coordinate(self.bottom)}"/>'
        if not words:
            return line
        place = f'x="{coordinate(x - 6)}" y="{coordinate(TOP + 10)}"'
        return f'{line}<text class="tick halo" {place} text-anchor="end">{words}</text>'

    def dots(self, pairs: Sequence[tuple[datetime, float, str]], radius: float = 3.0) -> Iterator[str]:
        """Yield a dot at each number, of the class given with it."""
        for moment, value, kind in pairs:
            x, y = map(coordinate, self.at(moment, value))
            yield f'<circle class="dot {kind}" cx="{x}" cy="{y}" r="{coordinate(radius)}"/>'


def _known(value: float | None) -> bool:
    return value is not None and isfinite(value)
