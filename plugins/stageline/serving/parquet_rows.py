"""Rows of Parquet files, batch by batch."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.serving.row_parts import BATCH_ROWS, RaggedLines, naming
from stageline.serving.rows import RowSource, Seen
from stageline.tables.column_names import require_names

if TYPE_CHECKING:
    import pyarrow as pa

# Fewer rows are not worth a task of their own.
_PART_ROWS = 1 << 19
_BUFFER_BYTES = 1 << 16


@dataclass(frozen=True)
class ParquetPart:
    """Row groups of a Parquet file that follow each other."""

    path: Path
    groups: tuple[int, ...]
    rows: int

    def batches(self, columns: Sequence[str], ragged: RaggedLines) -> "Iterator[pa.RecordBatch]":  # noqa: ARG002
        """Yield the rows of the groups."""
        yield from parquet_batches(self.path, columns, self.groups)


def open_parquet(paths: Sequence[Path], uri: str) -> RowSource:
    """Open Parquet files of the same columns.

    :param paths: One file or more, in the order of their rows.
    :raises SourceError: One is truncated or no Parquet file, a column has no name, two have the same, or one file
        has other columns than the first.
    """
    with naming(uri):
        seen = Seen.of(paths)
        digests = [_digest(path) for path in paths]
        schema, parts = _parts(paths[0])
        require_names(schema.names, uri)
        for path in paths[1:]:
            other, more = _parts(path)
            if other != schema:
                differing = sorted(field.name for field in {*other} ^ {*schema}) or ["their order"]
                raise SourceError(
                    f"{uri!r}: {path.name!r} has other columns than {paths[0].name!r}: {differing[0]!r} differs "
                    f"({len(set(differing))} in all); write them alike"
                )
            parts += more
    whole = hashlib.sha256("\n".join(digests).encode()).hexdigest() if len(paths) > 1 else digests[0]
    return RowSource(uri, schema, f"sha256:{whole}", parts, seen)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _parts(path: Path) -> "tuple[pa.Schema, list[ParquetPart]]":
    """Return a file's columns and its row groups, small ones put together."""
    from pyarrow import parquet

    parts, groups, rows = [], [], 0
    with parquet.ParquetFile(path) as content:
        schema, about = content.schema_arrow, content.metadata
    for group in range(about.num_row_groups):
        groups.append(group)
        rows += about.row_group(group).num_rows
        if rows >= _PART_ROWS or group == about.num_row_groups - 1:
            parts.append(ParquetPart(path, tuple(groups), rows))
            groups, rows = [], 0
    return schema.remove_metadata(), parts


def parquet_batches(
    path: Path, columns: Sequence[str], groups: Sequence[int] | None = None
) -> "Iterator[pa.RecordBatch]":
    """Yield some columns of a file; texts come with a dictionary, so that each distinct one is made once.

    :param groups: The row groups that are read; default: all.
    """
    import pyarrow as pa
    from pyarrow import parquet

    kinds = parquet.read_schema(path)
    texts = [name for name in columns if pa.types.is_string(kinds.field(name).type)]
    # Without buffering ahead, and a little at a time: whole row groups would be held in memory.
    with parquet.ParquetFile(path, read_dictionary=texts, pre_buffer=False, buffer_size=_BUFFER_BYTES) as content:
        for batch in content.iter_batches(BATCH_ROWS, row_groups=groups, columns=list(columns)):
            yield batch.select(list(columns))
