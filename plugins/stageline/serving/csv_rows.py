"""Rows of a CSV file, block by block, with the types that training knows."""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.serving.row_parts import RaggedLines, naming
from stageline.serving.rows import RowSource, Seen
from stageline.tables.column_names import require_names
from stageline.tables.csv_bytes import NULL_TEXTS

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

_BLOCK_BYTES = 1 << 23
# Fewer bytes are not worth a task of their own.
_PART_BYTES = 1 << 26


def open_csv(path: Path, uri: str, types: "Mapping[str, pa.DataType]") -> RowSource:
    """Open a CSV file in UTF-8 with a header line.

    Ragged lines are counted, not read. All other values are read with the types given, never guessed: a block
    of a file that looks like whole numbers would otherwise differ from the next.

    :raises SourceError: It is in another encoding, has no header, or a quote is never closed.
    """
    import pyarrow as pa

    seen = Seen.of([path])
    digest, cuts = _scan(path, uri)
    names = _header(path, uri)
    schema = pa.schema([(name, types.get(name, pa.string())) for name in names])
    parts = [
        CsvPart(path, schema, begin, end, lines)
        for (begin, lines), (end, _) in pairwise([(0, 0), *cuts, (path.stat().st_size, 0)])
    ]
    return RowSource(uri, schema, digest, parts, seen)


@dataclass(frozen=True)
class CsvPart:
    """Lines of a CSV file that follow each other.

    :param schema: The types of all its columns.
    :param begin: Where they begin, in bytes; at 0 stands the header.
    :param end: Where they end.
    :param lines: How many lines come before.
    """

    path: Path
    schema: "pa.Schema"
    begin: int
    end: int
    lines: int
    rows: None = None

    def batches(self, columns: Sequence[str], ragged: RaggedLines) -> "Iterator[pa.RecordBatch]":
        """Yield the rows, and note the lines that are none."""
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        def note(row: "arrow_csv.InvalidRow") -> str:
            ragged.add(self.lines + row.number, row.text, row.expected_columns, row.actual_columns)
            return "skip"

        kinds = {name: self.schema.field(name).type for name in columns}
        text = pa.dictionary(pa.int32(), pa.string())
        texts = {name: text for name, kind in kinds.items() if pa.types.is_string(kind)}
        with (
            pa.OSFile(str(self.path)) as file,
            arrow_csv.open_csv(
                file.get_stream(self.begin, self.end - self.begin),
                # One thread: only then does Arrow know the number of a ragged row.
                read_options=arrow_csv.ReadOptions(
                    use_threads=False,
                    block_size=_BLOCK_BYTES,
                    column_names=self.schema.names if self.begin else None,
                ),
                parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
                convert_options=arrow_csv.ConvertOptions(
                    null_values=NULL_TEXTS,
                    strings_can_be_null=True,
                    column_types={**kinds, **texts},
                    include_columns=list(columns),
                ),
            ) as reader,
        ):
            yield from reader


def _scan(path: Path, uri: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the digest of a file, and where it can be cut: offsets in bytes, and the lines before each.

    With quotes in it, there is no such place: a line break may stand within them.
    """
    digest = hashlib.sha256()
    quotes = offset = lines = 0
    cuts = [(0, 0)]
    with naming(uri), path.open("rb") as content:
        while block := content.read(_BLOCK_BYTES):
            if (zero := block.find(b"\0")) >= 0:
                raise SourceError(f"{uri!r}: holds a zero byte at offset {offset + zero:,}; save it as UTF-8")
            digest.update(block)
            quotes += block.count(b'"')
            while end := block.find(b"\n", max(cuts[-1][0] + _PART_BYTES - offset, 0)) + 1:
                cuts.append((offset + end, lines + block.count(b"\n", 0, end)))
            lines += block.count(b"\n")
            offset += len(block)
    if quotes % 2:
        _require_closed_quotes(path, uri)
    inside = [cut for cut in cuts[1:] if cut[0] < offset]
    return f"sha256:{digest.hexdigest()}", [] if quotes else inside


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
