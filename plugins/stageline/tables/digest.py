"""A digest of a table's content that does not depend on chunks, offsets or what lies under nulls."""

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def digest_table(table: "pa.Table") -> str:
    """Return `sha256:…` of a table's column names, types and values, in the order of its rows."""
    digest = hashlib.sha256()
    for name, column in zip(table.column_names, table.columns, strict=True):
        digest.update(f"{name}\0{column.type}\0{len(column)}\0".encode())
        digest.update(_canonical_bytes(column.is_valid()))
        digest.update(_canonical_bytes(column.drop_null()))
    return f"sha256:{digest.hexdigest()}"


def _canonical_bytes(column: "pa.ChunkedArray") -> memoryview:
    import pyarrow as pa

    batch = pa.RecordBatch.from_arrays([column.combine_chunks()], names=["values"])
    return memoryview(batch.serialize())
