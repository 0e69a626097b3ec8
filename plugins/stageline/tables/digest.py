"""A digest of a table's content that does not depend on chunks, offsets or what lies under nulls."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def digest_table(table: "pa.Table") -> str:
    """Return `sha256:…` of a table's column names, types and values, in the order of its rows."""
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        parts = (
            name.encode(),
            str(column.type).encode(),
            _canonical_bytes(column.is_valid()),
            _canonical_bytes(_wide(column.drop_null())),
        )
        for part in parts:
            # Each part with its length: no two tables share a stream of bytes.
            digest.update(len(part).to_bytes(8))
            digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def _wide(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        # The same values may have another dictionary in every file.
        return _wide(column.cast(kind.value_type))
    # One chunk of texts may exceed what 32-bit offsets reach.
    if pa.types.is_string(kind):
        return column.cast(pa.large_string())
    return column.cast(pa.large_binary()) if pa.types.is_binary(kind) else column


def _canonical_bytes(column: "pa.ChunkedArray") -> memoryview:
    import pyarrow as pa

    batch = pa.RecordBatch.from_arrays([column.combine_chunks()], names=["values"])
    return memoryview(batch.serialize())
