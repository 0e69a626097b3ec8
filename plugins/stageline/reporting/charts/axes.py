"""Axes of hand-drawn charts: where a number or a time lies, and which of them are named."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stageline.reporting.formats import MINUS

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TIME_STEPS = (
    1, 2, 5, 10, 15, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR,
    2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 28 * _DAY, 91 * _DAY, 364 * _DAY,
)  # fmt: skip
_NICE = (1.0, 2.0, 5.0, 10.0)
_MOST_DECIMALS = 6


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers on a stretch of pixels.

    :param first: Pixel of `low`; of a vertical axis it is below, so larger than `last`.
    """

    low: float
    high: float
    first: float
    last: float

    def place(self, value: float) -> float:
        """Return the pixel of a number; one beyond the axis lies at its end."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.first + (self.last - self.first) * min(max(share, 0.0), 1.0)

    def ticks(self, most: int) -> list[float]:
        """Return round numbers on the axis at equal distances: about so many at the most, and two at least."""
        found = self._multiples(_round_step((self.high - self.low) / max(most, 1)))
        # Of two steps to choose from, the larger one may leave a single number.
        return found if len(found) > 1 else self._multiples(_round_step((self.high - self.low) / (2 * max(most, 1))))

    def _multiples(self, step: float) -> list[float]:
        return [index * step for index in range(math.ceil(self.low / step), math.floor(self.high / step) + 1)]


def decimals_of(ticks: Sequence[float], factor: float = 1.0) -> int:
    """Return how many decimals tell the ticks apart.

    :param factor: What they are multiplied by when they are shown.
    """
    step = factor * (ticks[1] - ticks[0]) if len(ticks) > 1 else factor * (abs(ticks[0]) if ticks else 1.0)
    return min(max(0, -math.floor(math.log10(step) + 1e-9)), _MOST_DECIMALS) if step > 0 else 0


def tick_text(value: float, decimals: int) -> str:
    """Return a tick's number."""
    text = f"{value:,.{decimals}f}"
    # Never a negative zero, which a sum of steps may give.
    return text.lstrip("-") if not float(text.replace(",", "")) else text.replace("-", MINUS)


def time_ticks(axis: Axis, most: int) -> Iterator[tuple[float, str, str]]:
    """Yield seconds since 1970, the time of day and the day, in UTC; the day only where it is another one.

    :param axis: In seconds since 1970.
    :param most: At most so many.
    """
    step = next((each for each in _TIME_STEPS if (axis.high - axis.low) / each <= most), _TIME_STEPS[-1])
    day = ""
    for index in range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1):
        at = datetime.fromtimestamp(index * step, UTC)
        named = f"{at.day} {at:%b}" + (f" {at.year}" if step >= _TIME_STEPS[-2] else "")
        clock = "" if step >= _DAY else at.strftime("%H:%M" if step >= _MINUTE else "%H:%M:%S")
        yield index * step, clock, named if named != day else ""
        day = named


def _round_step(least: float) -> float:
    if not least > 0 or not math.isfinite(least):
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return power * next(nice for nice in _NICE if nice * power >= least * (1 - 1e-9))
