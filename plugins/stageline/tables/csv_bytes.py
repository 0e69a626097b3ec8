"""CSV bytes to an Arrow table, refusing what a lenient reader would guess at and handing back ragged lines."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.tables.column_names import require_names
from stageline.tables.csv_lines import LINE_END, RaggedRow, find_lines
from stageline.tables.parsed_file import ParsedFile, RejectedLine

if TYPE_CHECKING:
    from pyarrow import csv as arrow_csv

NULL_TEXTS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null"]
_SHOWN_LINES = 5
# Past so many, a file is no table with mistakes; it bounds what rejected lines take in memory, too.
_MOST_RAGGED = 100_000
_KEPT_CHARACTERS = 10_000
# Arrow reads a file as one block, whose size it keeps in 32 bits.
_MOST_BYTES = 2**31 - 1
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHER_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


def parse_csv(data: bytes, name: str) -> ParsedFile:
    """Parse comma-separated UTF-8 with a header line; column types are inferred from all rows.

    A line with too few or too many values is no row: it comes back as a rejected line.

    :param name: How errors call the data.
    :raises SourceError: Not UTF-8, no header, repeated or blank column names, an open quote, no row that is
        not ragged, or a ragged row over several lines: nobody can say how many rows that is.
    """
    if len(data) > _MOST_BYTES:
        raise SourceError(f"{name!r}: has {len(data):,} bytes, a CSV file at most {_MOST_BYTES:,}; save it as Parquet")
    data = data.removeprefix(codecs.BOM_UTF8)
    _require_utf8(data, name)
    _require_header(data, name)
    _require_closed_quotes(data, name)
    return _read(data, name)


def _require_utf8(data: bytes, name: str) -> None:
    if data.startswith(_UTF16_MARKS):
        raise SourceError(f"{name!r}: is UTF-16; save it as UTF-8")
    if (zero := data.find(b"\0")) >= 0:
        raise SourceError(f"{name!r}: holds a zero byte at offset {zero:,}; it is not a text file in UTF-8")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = len(LINE_END.findall(data, 0, error.start)) + 1
        raise SourceError(
            f"{name!r}: byte 0x{data[error.start]:02x} at offset {error.start:,} (line {line:,}) is not UTF-8; "
            "the file is in another encoding or mixes several; save it as UTF-8"
        ) from None


def _require_header(data: bytes, name: str) -> None:
    try:
        header = next(_rows(data), (1, []))[1]
    except csv.Error as error:
        raise SourceError(f"{name!r}: the header line cannot be parsed: {error}") from error
    if not any(column.strip() for column in header):
        raise SourceError(f"{name!r}: line 1 holds no column names; expected a header")
    if len(header) == 1:
        for separator, called in _OTHER_SEPARATORS.items():
            if separator in header[0]:
                raise SourceError(f"{name!r}: line 1 is separated by {called}; save it with commas")
    require_names(header, name)


def _require_closed_quotes(data: bytes, name: str) -> None:
    """Refuse a quote that is never closed: Arrow would take the rest of the file for one value."""
    if data.count(b'"') % 2 == 0:
        return
    line = 1
    try:
        for begin, _ in _rows(data, strict=True):
            line = begin
    except csv.Error as error:
        if "end of data" in str(error):
            raise SourceError(f"{name!r}: a quote opened after line {line:,} is never closed; close it") from error


def _rows(data: bytes, *, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's values with the number of the line it begins in."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline=""), strict=strict)
    begin = 1
    for row in reader:
        yield begin, row
        begin = reader.line_num + 1


def _read(data: bytes, name: str) -> ParsedFile:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[RaggedRow] = []

    def note(row: "arrow_csv.InvalidRow") -> str:
        # One more than allowed is enough to know that there are too many.
        if len(ragged) <= _MOST_RAGGED:
            ragged.append(RaggedRow(row.number, _cut(row.text), row.expected_columns, row.actual_columns))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            # One thread: only then does Arrow know the number of a ragged row.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=max(len(data), 1 << 20)),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=arrow_csv.ConvertOptions(null_values=NULL_TEXTS, strings_can_be_null=True),
        )
    except pa.ArrowException as error:
        raise SourceError(f"{name!r}: cannot be parsed as CSV: {error}") from error
    return ParsedFile(table, _reject(ragged, data, name, rows=table.num_rows) if ragged else ())


def _cut(text: str) -> str:
    if len(text) <= _KEPT_CHARACTERS:
        return text
    return f"{text[:_KEPT_CHARACTERS]}… (cut; the line has {len(text):,} characters)"


def _reject(ragged: list[RaggedRow], data: bytes, name: str, *, rows: int) -> tuple[RejectedLine, ...]:
    if len(ragged) > _MOST_RAGGED:
        first = find_lines(ragged[:1], data)[0]
        raise SourceError(
            f"{name!r}: more than {_MOST_RAGGED:,} ragged lines, first line {first.begin:,} {ragged[0].reason}; "
            "mend the file"
        )
    spans = find_lines(ragged, data)
    for row, span in zip(ragged, spans, strict=True):
        if span.open_quote:
            raise SourceError(f"{name!r}: a quote opened in line {span.open_quote:,} is never closed; close it")
        if span.end > span.begin:
            raise SourceError(
                f"{name!r}: the row in lines {span.begin:,} to {span.end:,} {row.reason}; it may be several rows "
                "behind a stray quote: mend it"
            )
    if not rows:
        shown = "; ".join(
            f"line {span.begin:,} {row.reason}" for row, span in zip(ragged[:_SHOWN_LINES], spans, strict=False)
        )
        more = "; …" if len(ragged) > _SHOWN_LINES else ""
        raise SourceError(f"{name!r}: {len(ragged):,} ragged line(s) and no other: {shown}{more}")
    return tuple(RejectedLine(span.begin, row.text, row.reason) for row, span in zip(ragged, spans, strict=True))
