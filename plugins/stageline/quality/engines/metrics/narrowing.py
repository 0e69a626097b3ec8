"""The values at some ranks of a long column, without holding the column: its range is narrowed by counting."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

_BINS = 1_024
# So many values are sorted at once: some megabytes.
_SORTED = 200_000

Ask = Callable[[sa.Select[Any]], Sequence[Sequence[Any]]]


def values_at_ranks(
    ask: Ask, table: sa.FromClause, values: sa.ColumnElement[float], ranks: Sequence[int]
) -> dict[int, float]:
    """Return the values at ranks, from 0 for the least; nulls have none.

    Each look counts the values in 1,024 bins of equal width, and goes on in the bin that holds the rank.

    :param ask: Runs a query.
    :param values: Doubles.
    """
    low, high = ask(sa.select(sa.func.min(values), sa.func.max(values)).select_from(table))[0]
    return {rank: _at(ask, table, values, rank, (low, high)) for rank in ranks}


def _at(ask: Ask, table: sa.FromClause, values: sa.ColumnElement[float], rank: int, ends: tuple[float, float]) -> float:
    below = 0
    while True:
        low, high = ends
        if low == high:
            return low
        width = (high - low) / _BINS
        if not math.isfinite(width) or width <= 0:
            # Infinite ends, or ends that are neighbours among the doubles: nothing is left to narrow.
            return _sorted(ask, table, values, rank - below, ends)
        inside = values.between(sa.literal(low, sa.Double), sa.literal(high, sa.Double))
        place = sa.cast(sa.func.floor((values - sa.literal(low, sa.Double)) / sa.literal(width, sa.Double)), sa.Integer)
        # By its number: the same expression twice would have parameters of its own each time.
        first: sa.ColumnElement[int] = sa.literal_column("1")
        counted = ask(
            sa.select(place, sa.func.count(), sa.func.min(values), sa.func.max(values))
            .select_from(table).where(inside).group_by(first).order_by(first)
        )  # fmt: skip
        count = 0
        for _, count, *ends_here in counted:
            ends = ends_here[0], ends_here[1]
            if rank < below + count:
                break
            below += count
        if count <= _SORTED:
            return _sorted(ask, table, values, rank - below, ends)


def _sorted(
    ask: Ask, table: sa.FromClause, values: sa.ColumnElement[float], rank: int, ends: tuple[float, float]
) -> float:
    inside = values.between(sa.literal(ends[0], sa.Double), sa.literal(ends[1], sa.Double))
    query = sa.select(values).select_from(table).where(inside).order_by(values).offset(rank).limit(1)
    return float(ask(query)[0][0])
