"""Which rows are the same: whole numbers that are equal exactly where rows are."""

from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.tables.nested_texts import is_nested
from stageline.tables.value_texts import as_texts

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_MOST = 2**62


def row_codes(table: "pa.Table") -> "np.ndarray":
    """Return a number per row; two rows have the same one if and only if they are equal in every column.

    Nulls are equal to each other and to NaN, and 0.0 is equal to -0.0. The numbers mean nothing beyond one table.

    :returns: int64, shape (n,).
    :raises DataError: A column has a type whose values cannot be compared.
    """
    import numpy as np

    codes = np.zeros(table.num_rows, np.int64)
    size = 1
    for name, column in zip(table.column_names, table.columns, strict=True):
        part = _codes(column, name)
        kinds = int(part.max(initial=0)) + 1
        if size * kinds > _MOST:
            distinct, codes = np.unique(codes, return_inverse=True)
            size = len(distinct)
        codes = codes * kinds + part
        size *= kinds
    return codes


def _codes(column: "pa.ChunkedArray", name: str) -> "np.ndarray":
    import numpy as np
    import pyarrow as pa

    if not column.num_chunks:
        return np.zeros(0, np.int64)
    try:
        encoded = pa.chunked_array([_plain(chunk, name) for chunk in column.chunks]).dictionary_encode()
    except pa.ArrowNotImplementedError as error:
        raise DataError(
            f"column {name!r} has type {column.type}, whose values cannot be compared; "
            "write it as text or number in the source"
        ) from error
    # All chunks share one dictionary.
    indices = pa.chunked_array([chunk.indices for chunk in encoded.chunks], pa.int32())
    codes: np.ndarray = indices.cast(pa.int64()).fill_null(-1).to_numpy()
    return codes + 1


def _plain(values: "pa.Array", name: str) -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, types = values.type, pa.types
    if types.is_dictionary(kind):
        return _plain(values.cast(kind.value_type), name)
    if types.is_float16(kind):
        return _plain(values.cast(pa.float32()), name)
    if types.is_floating(kind):
        # Adding 0 turns -0.0 into 0.0.
        return pc.if_else(pc.is_nan(values), pa.scalar(None, kind), pc.add(values, pa.scalar(0, kind)))
    if types.is_string(kind):
        # The distinct texts may exceed what 32-bit offsets reach.
        return values.cast(pa.large_string())
    if is_nested(kind) or types.is_decimal32(kind) or types.is_decimal64(kind):
        return as_texts(values, name)
    return values.cast(pa.large_binary()) if types.is_binary(kind) else values
