"""What every engine can do with a table where it lies: the seam between expectations and where they run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from stageline.quality.columns import ColumnFacts, Histogram
from stageline.quality.outcome import Outcome
from stageline.spec.models import Expectation

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@dataclass(frozen=True)
class FailingRows:
    """Rows that fail at least one row-level expectation.

    :param rows: The rows, with the table's own columns.
    :param positions: Each row's position in the table, from 0, shape (n,); none where the table has no order.
    :param failed: For each row, the indexes of the expectations it fails, in the order they were asked for.
    """

    rows: "pa.Table"
    positions: "np.ndarray | None"
    failed: tuple[tuple[int, ...], ...]


class TableEngine(Protocol):
    """A table where it lies, and how expectations are evaluated there.

    All engines agree about a table: NaN counts as null, an infinite number as a value.

    :param name: `pandas`, `duckdb`, `postgresql` or `spark`.
    :param columns: The table's columns in their order, each name once.
    """

    name: str
    columns: tuple[str, ...]

    def count_rows(self) -> int:
        """Return the number of rows."""

    def describe(self, columns: Sequence[str], like: Mapping[str, Histogram]) -> dict[str, ColumnFacts]:
        """Return the facts of existing columns, counted in as few scans as the engine allows.

        :param like: Histograms whose bins the new ones take over, so that the two can be laid side by side.
        """

    def evaluate(self, expectations: Sequence[Expectation]) -> list[Outcome]:
        """Evaluate expectations with Great Expectations, and return an outcome for each, in their order."""

    def failing_rows(self, expectations: Sequence[Expectation]) -> FailingRows:
        """Return the rows that fail any of the expectations; one that judges no single rows has none."""
