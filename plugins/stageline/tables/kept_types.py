"""The types that a Delta table gives back: a table is cast to them first, so that digests agree."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_LARGEST_INT64 = 2**63 - 1
_MOST_DIGITS = 38


def case_clash(columns: Iterable[str]) -> tuple[str, str] | None:
    """Return two names that differ only in case, which a Delta table cannot tell apart, or none."""
    seen: dict[str, str] = {}
    for column in columns:
        earlier = seen.setdefault(column.lower(), column)
        if earlier != column:
            return earlier, column
    return None


def canonical(table: "pa.Table") -> "pa.Table":
    """Return the table with the types that a Delta table gives back.

    :raises DataError: A column has a type that no Delta table keeps, or a value that does not fit.
    """
    import pyarrow as pa

    if clash := case_clash(table.column_names):
        raise DataError(f"columns {clash[0]!r} and {clash[1]!r} differ only in case; a Delta table keeps one of them")
    columns = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        kind = _kept_as(values)
        if kind is None:
            raise DataError(
                f"column {name!r} has type {values.type}, which a Delta table does not keep; "
                "list it in features.exclude or mend the source"
            )
        # Delta counts microseconds: nanoseconds are cut, all else must fit.
        cuts = pa.types.is_timestamp(values.type) and values.type.unit == "ns"
        try:
            columns.append(values.cast(kind, safe=not cuts))
        except pa.ArrowInvalid as error:
            raise DataError(f"column {name!r} does not fit into {kind}: {error}") from error
    return pa.Table.from_arrays(columns, names=table.column_names)


def _kept_as(values: "pa.ChunkedArray") -> "pa.DataType | None":
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, types = values.type, pa.types
    kept: pa.DataType | None = None
    if types.is_null(kind) or types.is_boolean(kind) or types.is_signed_integer(kind):
        kept = kind
    elif types.is_floating(kind):
        kept = pa.float32() if types.is_float16(kind) else kind
    elif types.is_unsigned_integer(kind):
        kept = pa.int64() if (pc.max(values).as_py() or 0) <= _LARGEST_INT64 else pa.decimal128(20, 0)
    elif types.is_decimal(kind):
        kept = pa.decimal128(kind.precision, kind.scale) if kind.precision <= _MOST_DIGITS else pa.string()
    elif types.is_timestamp(kind):
        kept = pa.timestamp("us", kind.tz and "UTC")
    elif types.is_date(kind):
        kept = pa.date32()
    elif types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind) or types.is_time(kind):
        kept = pa.string()
    elif types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        kept = pa.binary()
    elif types.is_duration(kind):
        kept = pa.int64()
    return kept
