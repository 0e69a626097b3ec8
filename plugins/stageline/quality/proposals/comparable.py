"""Columns as floats, row by row, so that one can be compared with another of the same unit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.quality.proposals.column_values import MOST_EXACT, ColumnValues

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparable:
    """A column's values in the order of the rows.

    :param values: NaN where there is none, shape (rows,).
    :param unit: Columns of one unit can be compared.
    """

    values: "Floats"
    unit: str


def as_comparable(column: ColumnValues) -> Comparable | None:
    """Return a column of numbers, dates or times as floats, or None for any other."""
    import numpy as np

    if not column.is_number and column.kind != "time":
        return None
    values = np.full(column.rows, np.nan)
    if column.is_number:
        numbers = column.numbers()
        if np.abs(numbers).max(initial=0) > MOST_EXACT:
            return None
        values[~column.null] = numbers
        return Comparable(values, "number")
    zone = getattr(column.known.dtype, "tz", None)
    moments = column.known.dt.tz_convert("UTC").dt.tz_localize(None) if zone else column.known
    values[~column.null] = moments.to_numpy().astype("datetime64[us]").astype(np.int64)
    return Comparable(values, f"{'date' if moments.dtype == object else 'time'}{' with a zone' if zone else ''}")
