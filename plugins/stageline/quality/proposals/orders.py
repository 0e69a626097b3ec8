"""Proposals about two columns of which one is never above the other: start and end, part and whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.quality.proposals.column_values import ColumnValues
from stageline.quality.proposals.comparable import as_comparable
from stageline.quality.proposals.proposal import ProposedExpectation, warning
from stageline.quality.proposals.row_order import rank_correlation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_COLUMNS = 80
_SCREENED_ROWS = 500
_RANKED_ROWS = 5_000
_LEAST_ROWS = 100
# Codes of a few values stand in some order by chance.
_LEAST_DISTINCT = 20
# If the two had nothing to do with each other, a tenth of the rows would break the order; and they rise together.
_LEAST_CHANCE, _LEAST_CORRELATION = 0.1, 0.5
_MOST_PROPOSED = 10


@dataclass(frozen=True)
class Order:
    """One column that is never below another.

    :param rows: Rows in which both have a value; in all of them the order holds.
    :param chance: Share of the rows that would break it if the two had nothing to do with each other.
    """

    higher: str
    lower: str
    rows: int
    chance: float


def about_orders(columns: Sequence[ColumnValues]) -> Iterator[ProposedExpectation]:
    """Propose the orders between two columns that hold in all rows and are no matter of course."""
    for order in find_orders(columns):
        yield warning(
            "expect_column_pair_values_a_to_be_greater_than_b",
            f"holds in all {order.rows:,} rows with both; of unrelated columns, {100 * order.chance:.0f} % of the rows "
            "would break it; warning: such a row is likely wrong",
            column_A=order.higher, column_B=order.lower, or_equal=True, ignore_row_if="either_value_is_missing",
        )  # fmt: skip


def find_orders(columns: Sequence[ColumnValues]) -> list[Order]:
    """Return the orders between columns, the most telling first; one that follows from two others is left out."""
    found: list[Order] = []
    by_unit: dict[str, dict[str, Floats]] = {}
    for column in columns:
        comparable = as_comparable(column)
        if comparable is not None and column.known.nunique() > _LEAST_DISTINCT:
            by_unit.setdefault(comparable.unit, {})[column.name] = comparable.values
    for unit in by_unit.values():
        known = dict(list(unit.items())[:_MOST_COLUMNS])
        found += [order for pair in _unbroken(known) if (order := _tell(*pair, known)) is not None]
    pairs = {(order.higher, order.lower) for order in found}
    # Of two equal columns either is at least the other: that is no order.
    strict = [order for order in found if (order.lower, order.higher) not in pairs]
    between = {(order.higher, order.lower) for order in strict}
    names = {name for pair in between for name in pair}
    direct = [
        order
        for order in strict
        if not any((order.higher, name) in between and (name, order.lower) in between for name in names)
    ]
    return sorted(direct, key=lambda order: -order.chance)[:_MOST_PROPOSED]


def _unbroken(values: "dict[str, Floats]") -> Iterator[tuple[str, str]]:
    """Yield the pairs of columns of which the first is never below the second."""
    import numpy as np

    if len(values) < 2:  # noqa: PLR2004 - a pair
        return
    names = list(values)
    rows = len(values[names[0]])
    screened = np.column_stack(
        [values[name][np.linspace(0, rows - 1, min(rows, _SCREENED_ROWS)).astype(int)] for name in names]
    )
    for place, higher in enumerate(names):
        broken = np.any(screened[:, [place]] < screened, axis=0).tolist()
        for other, lower in enumerate(names):
            if other != place and not broken[other] and not (values[higher] < values[lower]).any():
                yield higher, lower


def _tell(higher: str, lower: str, values: "dict[str, Floats]") -> Order | None:
    import numpy as np

    both = np.isfinite(values[higher]) & np.isfinite(values[lower])
    upper, under = values[higher][both], values[lower][both]
    rows = len(upper)
    if rows < _LEAST_ROWS:
        return None
    # Over all pairs of rows, not only those that stand side by side.
    chance = float(np.searchsorted(np.sort(upper), under, side="left").mean() / rows)
    some = np.linspace(0, rows - 1, min(rows, _RANKED_ROWS)).astype(int)
    if chance < _LEAST_CHANCE or rank_correlation(upper[some], under[some]) < _LEAST_CORRELATION:
        return None
    return Order(higher, lower, rows, chance)
