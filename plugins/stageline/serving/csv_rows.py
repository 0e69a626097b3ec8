"""Rows of a CSV file, block by block, with the types that training knows."""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.serving.rows import RaggedLines, RowSource, file_state, naming
from stageline.tables.column_names import require_names
from stageline.tables.csv_bytes import NULL_TEXTS

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

_BLOCK_BYTES = 1 << 23


def open_csv(path: Path, uri: str, types: "Mapping[str, pa.DataType]") -> RowSource:
    """Open a CSV file in UTF-8 with a header line.

    Ragged lines are counted, not read. All other values are read with the types given, never guessed: a block
    of a file that looks like whole numbers would otherwise differ from the next.

    :raises SourceError: It is in another encoding, has no header, or a quote is never closed.
    """
    import pyarrow as pa

    digest = _digest(path, uri)
    names = _header(path, uri)
    schema = pa.schema([(name, types.get(name, pa.string())) for name in names])
    ragged = RaggedLines()

    def read(columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        ragged.count, ragged.first = 0, []
        yield from _batches(path, schema, columns, ragged)

    return RowSource(uri, schema, digest, read, lambda: file_state(path), ragged)


def _batches(
    path: Path, schema: "pa.Schema", columns: Sequence[str], ragged: RaggedLines
) -> "Iterator[pa.RecordBatch]":
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    def note(row: "arrow_csv.InvalidRow") -> str:
        ragged.add(row.number, row.text, row.expected_columns, row.actual_columns)
        return "skip"

    kinds = {name: schema.field(name).type for name in columns}
    texts = {name: pa.dictionary(pa.int32(), pa.string()) for name, kind in kinds.items() if pa.types.is_string(kind)}
    with arrow_csv.open_csv(
        path,
        # One thread: only then does Arrow know the number of a ragged row.
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
        convert_options=arrow_csv.ConvertOptions(
            null_values=NULL_TEXTS,
            strings_can_be_null=True,
            column_types={**kinds, **texts},
            include_columns=list(columns),
        ),
    ) as reader:
        yield from reader


def _digest(path: Path, uri: str) -> str:
    digest = hashlib.sha256()
    quotes = offset = 0
    with naming(uri), path.open("rb") as content:
        while block := content.read(_BLOCK_BYTES):
            if (zero := block.find(b"\0")) >= 0:
                raise SourceError(f"{uri!r}: holds a zero byte at offset {offset + zero:,}; save it as UTF-8")
            digest.update(block)
            quotes += block.count(b'"')
            offset += len(block)
    if quotes % 2:
        _require_closed_quotes(path, uri)
    return f"sha256:{digest.hexdigest()}"


def _require_closed_quotes(path: Path, uri: str) -> None:
    """Refuse a quote that is never closed: Arrow would take the rest of the file for one value."""
    line = 1
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text, strict=True)
            for _ in reader:
                line = reader.line_num
    except csv.Error as error:
        if "end of data" in str(error):
            raise SourceError(f"{uri!r}: a quote opened after line {line:,} is never closed; close it") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{uri!r}: is not UTF-8 after line {line:,}: {error.reason}; save it as UTF-8") from error


def _header(path: Path, uri: str) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as text:
            names = next(csv.reader(text), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{uri!r}: the header line cannot be read: {error}") from error
    if not any(name.strip() for name in names):
        raise SourceError(f"{uri!r}: line 1 holds no column names; expected a header")
    require_names(names, uri)
    return names
