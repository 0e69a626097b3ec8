"""Columns that add up, row by row: to the same number, or to another column."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.quality.proposals.column_values import ColumnValues
from stageline.quality.proposals.comparable import as_comparable
from stageline.quality.proposals.proposal import ProposedExpectation, warning
from stageline.quality.wording import as_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_MOST_COLUMNS = 60
_SCREENED_ROWS = 1_000
_LEAST_ROWS = 100
_MOST_TERMS = 12
_CLOSE = 1e-6


@dataclass(frozen=True)
class Sum:
    """Columns that add up to the same number in all rows, or to another column.

    :param whole: The column that is the sum of the parts; none if the sum is the same in all rows.
    :param total: What the parts add up to where there is no such column.
    """

    parts: tuple[str, ...]
    whole: str | None
    total: int
    rows: int


def about_constant_sums(sums: Sequence[Sum]) -> Iterator[ProposedExpectation]:
    """Propose the sums that are the same in all rows, e.g. shares of 100."""
    for found in sums:
        if found.whole is None:
            yield warning(
                "expect_multicolumn_sum_to_equal",
                f"their sum is {found.total:,} in all {found.rows:,} rows; warning: another sum is likely wrong",
                column_list=[*found.parts], sum_total=found.total,
            )  # fmt: skip


def notes_on_sums(sums: Sequence[Sum]) -> Iterator[str]:
    """Say which columns are the sum of others, for which Great Expectations has no expectation in YAML."""
    for found in sums:
        if found.whole is not None:
            parts = " + ".join(map(as_name, found.parts))
            yield (
                f"{as_name(found.whole)} = {parts} in all {found.rows:,} rows. No core expectation compares a sum with "
                "a column, so none is proposed; orders between the whole and its parts are, where they tell something"
            )


def find_sums(columns: Sequence[ColumnValues]) -> list[Sum]:
    """Return how whole numbers without gaps add up.

    Column by column, in the table's order, it is asked whether a column follows from those before it and a
    constant (least squares on a sample of the rows); what does is checked on all rows, in whole numbers, of
    which every engine makes the same sum.
    """
    import numpy as np

    values: dict[str, NDArray[np.int64]] = {}
    for column in columns:
        if column.kind != "integer" or column.null.any() or column.rows < _LEAST_ROWS:
            continue
        comparable = as_comparable(column)
        if comparable is not None and np.ptp(comparable.values) > 0:
            values[column.name] = comparable.values.astype(np.int64)
    names = list(values)[:_MOST_COLUMNS]
    if len(names) < 2:  # noqa: PLR2004 - a pair
        return []
    rows = len(values[names[0]])
    some = np.linspace(0, rows - 1, min(rows, _SCREENED_ROWS)).astype(int)
    independent: list[str] = []
    found = []
    for name in names:
        weights = _weights(values[name][some], [values[known][some] for known in independent])
        if weights is None:
            independent.append(name)
        elif (added := _as_sum(name, independent, weights, values)) is not None:
            found.append(added)
    return found


def _weights(target: "NDArray[np.int64]", columns: "Sequence[NDArray[np.int64]]") -> "Floats | None":
    """Return the constant and the weight of each column that give the target; none if it does not follow."""
    import numpy as np

    design = np.column_stack([np.ones(len(target)), *columns]).astype(float)
    scales = np.abs(design).max(axis=0)
    solved = np.linalg.lstsq(design / scales, target.astype(float), rcond=None)[0] / scales
    error = np.abs(design @ solved - target).max()
    return solved if error <= _CLOSE * max(float(np.abs(target).max()), 1) else None


def _as_sum(name: str, columns: Sequence[str], weights: "Floats", values: "dict[str, NDArray[np.int64]]") -> Sum | None:
    """Return a relation as a sum, if all its weights are 1 or -1 and it holds in every row."""
    import numpy as np

    signs = np.round(weights)
    if np.abs(weights - signs).max() > _CLOSE or np.abs(signs[1:]).max(initial=0) > 1:
        return None
    # Each column on the left-hand side, so that they give the constant.
    left = {name: 1, **{column: -int(sign) for column, sign in zip(columns, signs[1:], strict=True) if sign}}
    constant, rows = int(signs[0]), len(values[name])
    added = np.sum([sign * values[column] for column, sign in left.items()], axis=0)
    if len(left) > _MOST_TERMS or bool(np.any(added != constant)):
        return None
    plus, minus = (tuple(column for column in values if left.get(column) == sign) for sign in (1, -1))
    if not minus:
        return Sum(plus, None, constant, rows)
    whole, parts = (plus, minus) if len(plus) == 1 else (minus, plus)
    return Sum(parts, whole[0], 0, rows) if constant == 0 and len(whole) == 1 < len(parts) else None
