"""Bounds as a person would write them: rounded outwards, to a step that suits the room."""

import math

# Steps a bound is rounded to, within its power of ten.
_NICE = (5, 2, 1)
_OF_ROOM = 0.25


def round_up(bound: float, room: float, *, whole: bool) -> float:
    """Return a round number at or above the bound, by at most a quarter of the room.

    :param room: How far the bound lies beyond the values.
    :param whole: Whether the values are whole numbers.
    """
    step = _step(room * _OF_ROOM, abs(bound))
    if whole:
        return math.ceil(bound / max(step, 1)) * max(int(step), 1)
    # Free of the digits that binary fractions add.
    return plain(max(round(math.ceil(bound / step) * step, max(-math.floor(math.log10(step)), 0)), bound))


def plain(number: float) -> float:
    """Return a whole number as an integer, so that it reads as one."""
    return int(number) if float(number).is_integer() else float(number)


def _step(room: float, size: float) -> float:
    # As far as doubles of this size hold the digits.
    smallest = max(room, 1e-12 * size, 1e-300)
    power = float(10.0 ** math.floor(math.log10(smallest)))
    return next((nice * power for nice in _NICE if nice * power <= smallest), power)
