"""Proposals about the range of numbers: robust quantiles with room, and natural bounds where there are some."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.quality.proposals.column_values import MOST_EXACT, ColumnValues
from stageline.quality.proposals.proposal import ProposedExpectation, warning
from stageline.quality.proposals.round_bounds import plain, round_up
from stageline.quality.proposals.row_order import blocks, rank_correlation
from stageline.quality.proposals.tails import is_wall, upper_reach
from stageline.quality.proposals.tolerance import mostly_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SHARE_USES = 0.5
# Above this rank correlation with time, the extremes of blocks of time move with it.
_MOVES = 0.95


@dataclass(frozen=True)
class Range:
    """A range with room, and what it rests on.

    :param low: Nothing where the values sink with time, so that any bound would soon be passed.
    :param high: Nothing where they rise with time.
    :param mostly: Share of the values that keep to it.
    """

    low: float | None
    high: float | None
    support: str
    mostly: float = 1.0


def about_range(column: ColumnValues) -> Iterator[ProposedExpectation]:
    """Propose a range, if the column holds numbers that keep to one."""
    found = range_of(column) if column.is_number else None
    if found is None:
        return
    limits = {"min_value": found.low, "max_value": found.high, "mostly": None if found.mostly == 1 else found.mostly}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    if given:
        support = f"{found.support}; warning: a value beyond is unusual, not impossible"
        yield warning("expect_column_values_to_be_between", support, column=column.name, **given)


def range_of(column: ColumnValues) -> Range | None:
    """Return the range of a column of numbers, with room for values to come, or None if they keep to none."""
    numbers = column.numbers()
    least, most = plain(float(numbers.min())), plain(float(numbers.max()))
    if max(abs(least), abs(most)) > MOST_EXACT or (least < most and _only_moves_one_way(column, numbers)):
        return None
    seen = f"seen {least:,.6g} to {most:,.6g} in {len(numbers):,} values"
    if least == most:
        return Range(least, most, seen)
    if column.kind == "real" and least >= 0 and _SHARE_USES < most <= 1:
        return Range(0, 1, f"{seen}; read as a share of 0 to 1")
    high, above = _upper_end(column, numbers)
    mirrored, below = _upper_end(column, -numbers)
    low = None if mirrored is None else 0 - mirrored
    if low is not None and least >= 0 > low:
        low, below = 0, "never negative"
    if high is not None and most <= 0 < high:
        high, above = 0, "never positive"
    support = f"{seen}; {above}" if above == below else f"{seen}; below: {below}; above: {above}"
    # A wild value is left outside: it would widen the range until it says nothing.
    beyond = 0 if low is None else int((numbers < low).sum())
    beyond += 0 if high is None else int((numbers > high).sum())
    if not beyond:
        return Range(low, high, support)
    mostly = mostly_for(beyond, len(numbers))
    look = f"{beyond:,} beyond it, look at {'it' if beyond == 1 else 'them'}"
    return Range(low, high, f"{support}; {look}", mostly) if mostly is not None else None


def _only_moves_one_way(column: ColumnValues, numbers: "Floats") -> bool:
    """Return whether numbers only ever rise, or only ever fall, with time: a clock, a counter, a year."""
    import numpy as np

    steps = np.diff(numbers)
    return column.in_time and (bool((steps >= 0).all()) or bool((steps <= 0).all()))


def _upper_end(column: ColumnValues, numbers: "Floats") -> tuple[float | None, str]:
    """Return a bound above the numbers, and what it rests on."""
    import numpy as np

    most, half = float(numbers.max()), len(numbers) // 2
    # Reals that pile up in one half of the time only are a price or a setting, which moves on.
    looked_at = (numbers[:half], numbers[half:]) if column.kind == "real" else (numbers,)
    if all(is_wall(part, most) for part in looked_at):
        return plain(most), "the values pile up at the end"
    if column.in_time and _moves(numbers):
        return None, "the end moves with time, so that a bound would soon be passed"
    reach = upper_reach(numbers)
    # Beside a wild value the room is measured from the middle.
    room = min(abs(reach - most), abs(reach - float(np.median(numbers))))
    high = round_up(reach, room, whole=column.kind == "integer")
    return high, "room: where the tail would reach in a thousand such tables"


def _moves(numbers: "Floats") -> bool:
    extremes = [float(numbers[block].max()) for block in blocks(len(numbers))]
    return bool(extremes) and rank_correlation(range(len(extremes)), extremes) > _MOVES
