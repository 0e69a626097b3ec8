"""A column as a proposal looks at it: the values it has, in order, of what kind, and what it is for."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from stageline.quality.proposals.row_order import RowOrder

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Fewer values say too little about the ones to come.
LEAST_VALUES = 30
# Great Expectations reads bounds as doubles, which hold whole numbers only up to here.
MOST_EXACT = 2**53

Kind = Literal["boolean", "integer", "real", "text", "time", "other"]
Role = Literal["a key", "the event time", "the target"]


@dataclass(frozen=True)
class ColumnValues:
    """A column of a table.

    :param rows: Number of rows, those without a value too.
    :param known: The values that are not null, in the order of the rows.
    :param null: For each row, in the same order, whether its value is missing, shape (rows,).
    :param kind: What its values are; `integer` also where whole numbers are held as floats.
    :param in_time: Whether the order is that of the event time.
    """

    name: str
    rows: int
    known: "pd.Series[Any]"
    null: "NDArray[np.bool_]"
    kind: Kind
    role: Role | None
    in_time: bool

    @property
    def is_number(self) -> bool:
        """Whether the values can be calculated with."""
        return self.kind in ("integer", "real")

    def numbers(self) -> "Floats":
        """Return the values as floats; only of a column of numbers."""
        floats: Floats = self.known.to_numpy(dtype=float)
        return floats


def look_at(series: "pd.Series[Any]", order: RowOrder, role: Role | None) -> ColumnValues:
    """Return a column as proposals look at it."""
    ordered = series.iloc[order.positions].reset_index(drop=True)
    null = ordered.isna().to_numpy()
    known = ordered[~null]
    return ColumnValues(
        name=str(series.name),
        rows=len(series),
        known=known,
        null=null,
        kind=kind_of(known),
        role=role,
        in_time=order.in_time,
    )


def without_values(column: ColumnValues) -> ColumnValues:
    """Return a column of which only what is missing is known."""
    return replace(column, known=column.known.iloc[:0], kind="other")


def kind_of(values: "pd.Series[Any]") -> Kind:
    """Return what a column's values are, nulls left aside."""
    import pandas as pd
    from pandas.api import types

    dtype = values.dtype
    if isinstance(dtype, pd.StringDtype):
        return "text"
    if types.is_bool_dtype(dtype):
        return "boolean"
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return _kind_of_numbers(values)
    if types.is_datetime64_any_dtype(dtype):
        return "time"
    found = types.infer_dtype(values.astype(object), skipna=True)
    if found == "decimal":
        return _kind_of_numbers(values)
    kinds: dict[str, Kind] = {"string": "text", "boolean": "boolean", "date": "time"}
    return kinds.get(found, "other")


def _kind_of_numbers(values: "pd.Series[Any]") -> Kind:
    import numpy as np

    numbers = values.to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        return "other"
    return "integer" if (numbers == np.floor(numbers)).all() else "real"
