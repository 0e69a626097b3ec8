"""Rows of a Delta table's newest version, file by file."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from stageline.exceptions import SourceError
from stageline.serving.parquet_rows import parquet_batches
from stageline.serving.row_parts import RaggedLines
from stageline.serving.rows import RowSource
from stageline.tables.column_names import require_names

if TYPE_CHECKING:
    import pyarrow as pa


def open_delta(folder: Path, uri: str) -> RowSource:
    """Open the newest version of a Delta table; versions written meanwhile are not seen.

    :raises SourceError: It cannot be read, or it keeps deleted rows or renamed columns in its files.
    """
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        delta = DeltaTable(str(folder))
        _require_readable(delta, uri)
        schema = pa.schema(delta.schema().to_arrow())
        files = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
        partitions = set(delta.metadata().partition_columns)
    except (DeltaError, OSError) as error:
        raise SourceError(f"{uri!r}: cannot be read as a Delta table: {error}") from error
    require_names(schema.names, uri)
    files.sort(key=lambda file: (file["modification_time"], file["path"]))
    listed = json.dumps([[file["path"], file["size_bytes"], file["modification_time"]] for file in files])
    digest = f"sha256:{hashlib.sha256(listed.encode()).hexdigest()}"

    parts = [
        DeltaPart(
            folder / unquote(file["path"]),
            schema,
            {name: file[f"partition.{name}"] for name in partitions},
            file["num_records"],
        )
        for file in files
    ]
    return RowSource(uri, schema, digest, parts)


@dataclass(frozen=True)
class DeltaPart:
    """One file of a Delta table.

    :param schema: The table's columns, of which the file may lack those that are newer.
    :param fixed: The values of its partition.
    """

    path: Path
    schema: "pa.Schema"
    fixed: Mapping[str, Any]
    rows: int | None

    def batches(self, columns: Sequence[str], ragged: RaggedLines) -> "Iterator[pa.RecordBatch]":  # noqa: ARG002
        """Yield its rows, with its partition's values and nulls for columns that are newer than it."""
        import pyarrow as pa
        from pyarrow import parquet

        with parquet.ParquetFile(self.path) as content:
            held = set(content.schema_arrow.names)
            rows = content.metadata.num_rows
        stored = [name for name in columns if name in held and name not in self.fixed]
        if not stored:
            # Nothing of it is asked for but how many rows there are.
            stored_batches: Iterator[pa.RecordBatch] = iter([pa.RecordBatch.from_pydict({"rows": pa.nulls(rows)})])
        else:
            stored_batches = parquet_batches(self.path, stored)
        for batch in stored_batches:
            arrays = [
                batch.column(name)
                if name in stored
                else pa.repeat(pa.scalar(self.fixed.get(name), self.schema.field(name).type), batch.num_rows)
                for name in columns
            ]
            yield pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _require_readable(delta: Any, uri: str) -> None:
    features = set(delta.protocol().reader_features or ())
    if "deletionVectors" in features and delta.deletion_vectors().read_all().num_rows:
        raise SourceError(
            f"{uri!r}: the Delta table marks deleted rows in deletion vectors, which are not read here; purge them, "
            "e.g. REORG TABLE … APPLY (PURGE)"
        )
    if delta.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        raise SourceError(
            f"{uri!r}: the Delta table's files name its columns otherwise (column mapping), which is not read here; "
            "write it anew without"
        )
