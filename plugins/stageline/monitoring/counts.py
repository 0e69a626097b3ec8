"""How many rows fell into which bin: what one scan leaves of a table, and what scans of its parts add up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ColumnCounts:
    """One column of a table whose rows are in groups, e.g. windows of time.

    :param bins: Rows in each bin, shape (groups, bins).
    :param nulls: Rows without a value, shape (groups,).
    :param odd: Rows whose number is NaN or infinite, shape (groups,).
    :param low: Smallest number, infinite without one.
    :param high: Largest number.
    """

    bins: "np.ndarray"
    nulls: "np.ndarray"
    odd: "np.ndarray"
    low: "np.ndarray"
    high: "np.ndarray"

    @classmethod
    def empty(cls, groups: int, bins: int) -> Self:
        """Return the counts of no rows."""
        import numpy as np

        def whole() -> "np.ndarray":
            return np.zeros(groups, np.int64)

        return cls(
            np.zeros((groups, bins), np.int64), whole(), whole(), np.full(groups, np.inf), np.full(groups, -np.inf)
        )

    @property
    def n(self) -> "np.ndarray":
        """Rows with a usable value, shape (groups,)."""
        found: np.ndarray = self.bins.sum(axis=1)
        return found

    def __add__(self, other: Self) -> Self:
        """Return the counts of both tables' rows."""
        import numpy as np

        return type(self)(
            self.bins + other.bins, self.nulls + other.nulls, self.odd + other.odd,
            np.minimum(self.low, other.low), np.maximum(self.high, other.high),
        )  # fmt: skip

    def together(self, groups: Sequence[int]) -> Self:
        """Return the counts of some groups as one."""
        chosen = list(groups)

        def added(values: "np.ndarray") -> "np.ndarray":
            found: np.ndarray = values[chosen].sum(axis=0, keepdims=True)
            return found

        return type(self)(
            added(self.bins), added(self.nulls), added(self.odd),
            self.low[chosen].min(keepdims=True, initial=float("inf")),
            self.high[chosen].max(keepdims=True, initial=-float("inf")),
        )  # fmt: skip


@dataclass(frozen=True)
class Counts:
    """A table's columns, counted in one scan.

    :param rows: Rows of each group, shape (groups,).
    """

    rows: "np.ndarray"
    columns: Mapping[str, ColumnCounts]

    def __add__(self, other: Self) -> Self:
        """Return the counts of both tables' rows."""
        columns = {name: counts + other.columns[name] for name, counts in self.columns.items()}
        return type(self)(self.rows + other.rows, columns)

    def together(self, groups: Sequence[int]) -> Self:
        """Return the counts of some groups as one."""
        rows = self.rows[list(groups)].sum(keepdims=True)
        return type(self)(rows, {name: counts.together(groups) for name, counts in self.columns.items()})
