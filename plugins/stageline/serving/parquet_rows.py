"""Rows of Parquet files, batch by batch."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.serving.rows import BATCH_ROWS, RowSource, file_state, naming
from stageline.tables.column_names import require_names

if TYPE_CHECKING:
    import pyarrow as pa


def open_parquet(path: Path, uri: str) -> RowSource:
    """Open a Parquet file.

    :raises SourceError: It is truncated or no Parquet file, or a column has no name, or two have the same.
    """
    from pyarrow import parquet

    with naming(uri):
        schema = parquet.read_schema(path)
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
    require_names(schema.names, uri)

    def read(columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        yield from parquet_batches(path, columns)

    return RowSource(uri, schema.remove_metadata(), f"sha256:{digest}", read, lambda: file_state(path))


def parquet_batches(path: Path, columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
    """Yield some columns of a file; texts come with a dictionary, so that each distinct one is made once."""
    import pyarrow as pa
    from pyarrow import parquet

    kinds = parquet.read_schema(path)
    texts = [name for name in columns if pa.types.is_string(kinds.field(name).type)]
    # Without buffering ahead: whole row groups would be held in memory.
    with parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False) as content:
        for batch in content.iter_batches(BATCH_ROWS, columns=list(columns)):
            yield batch.select(list(columns))
