"""Proposals about the mean and the spread of numbers, where blocks of time show them to be steady."""

import math
from collections.abc import Iterator, Sequence

from stageline.quality.proposals.column_values import MOST_EXACT, ColumnValues
from stageline.quality.proposals.proposal import ProposedExpectation, warning
from stageline.quality.proposals.round_bounds import round_up
from stageline.quality.proposals.row_order import blocks, rank_correlation

# The room is so many standard errors of the difference between two tables of ten such blocks each: one that one
# table in some ten thousand leaves by chance, as long as blocks are about independent.
_ROOM = 4.0
# The part of the room that bounds may be rounded within is smaller than that of a range.
_ROUNDED = 0.4
# A band wider than this share of the values' own deviation on either side says nothing.
_WIDEST = 0.75
# Above this rank correlation with time, blocks have a trend (1 in 100 of ten unordered blocks).
_TREND = 0.78
# A few values are codes, whose mean says little: reals seldom are, whole numbers often.
_LEAST_REALS, _LEAST_WHOLE = 20, 60


def about_averages(column: ColumnValues) -> Iterator[ProposedExpectation]:
    """Propose a band for the mean and one for the standard deviation, if the mean was steady until now.

    Without an event time there are no blocks of time, and nothing is known about what is steady.
    """
    parts = blocks(len(column.known)) if column.in_time and column.is_number else []
    least = _LEAST_WHOLE if column.kind == "integer" else _LEAST_REALS
    if not parts or column.known.nunique() <= least:
        return
    numbers = column.numbers()
    deviation = float(numbers.std(ddof=1))
    if float(abs(numbers).max()) > MOST_EXACT:
        return
    measures = {
        "mean": (float(numbers.mean()), [float(numbers[part].mean()) for part in parts]),
        "stdev": (deviation, [float(numbers[part].std(ddof=1)) for part in parts]),
    }
    for called, (value, seen) in measures.items():
        room = _room(seen, deviation, chance=deviation / math.sqrt(len(numbers) / len(parts)))
        if room is None:
            return  # where the mean moves, the deviation moves with it
        yield warning(
            f"expect_column_{called}_to_be_between",
            f"{value:,.4g} in {len(numbers):,} values, {min(seen):,.4g} to {max(seen):,.4g} in {len(parts)} blocks of "
            f"time; room: {_ROOM:.0f} standard errors of the difference between two such tables; warning: it has been "
            "steady",
            column=column.name,
            min_value=0 - round_up(room - value, room * _ROUNDED, whole=False),
            max_value=round_up(value + room, room * _ROUNDED, whole=False),
        )  # fmt: skip


def _room(seen: Sequence[float], deviation: float, *, chance: float) -> float | None:
    """Return how far a measure of the whole table may move, or None if it was not steady.

    :param seen: The measure in each block of time.
    :param deviation: Standard deviation of the values themselves.
    :param chance: What a block's mean deviates by chance alone: blocks of whole cycles deviate by less.
    """
    import numpy as np

    if abs(rank_correlation(range(len(seen)), seen)) > _TREND:
        return None
    spread = max(float(np.std(seen, ddof=1)), chance)
    room = _ROOM * spread * math.sqrt(2 / len(seen))
    return room if 0 < room <= _WIDEST * deviation else None
