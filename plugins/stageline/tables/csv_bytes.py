"""CSV bytes to an Arrow table, refusing what a lenient reader would guess at."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.tables.column_names import require_names

if TYPE_CHECKING:
    import pyarrow as pa

NULL_TEXTS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null"]
_SHOWN_LINES = 5
# Arrow reads a file as one block, whose size it keeps in 32 bits.
_MOST_BYTES = 2**31 - 1
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_LINE_END = re.compile(rb"\r\n|\n|\r")
_OTHER_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


def parse_csv(data: bytes, name: str) -> "pa.Table":
    """Parse comma-separated UTF-8 with a header line; column types are inferred from all rows.

    :param name: How errors call the data.
    :raises SourceError: Not UTF-8, no header, repeated or blank column names, ragged lines, an open quote.
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
        line = len(_LINE_END.findall(data, 0, error.start)) + 1
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


def _read(data: bytes, name: str) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: dict[int, tuple[int, int]] = {}

    def note(row: "arrow_csv.InvalidRow") -> str:
        ragged[row.number] = (row.expected_columns, row.actual_columns)
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
    if ragged:
        shown = list(ragged)[:_SHOWN_LINES]
        lines = _lines_of(shown, data)
        words = (f"{lines[row]} has {ragged[row][1]} values instead of {ragged[row][0]}" for row in shown)
        more = "; …" if len(ragged) > len(shown) else ""
        raise SourceError(f"{name!r}: {len(ragged):,} ragged line(s): {'; '.join(words)}{more}")
    return table


def _lines_of(rows: list[int], data: bytes) -> dict[int, str]:
    """Say where rows are: Arrow counts neither blank lines nor line ends within quotes."""
    words = {row: f"row {row:,}" for row in rows}
    number = 0
    try:
        for line, values in _rows(data):
            number += bool(values)
            if values and number in words:
                words[number] = f"line {line:,}"
            if number >= rows[-1]:
                break
    except csv.Error:
        # A value longer than Python's reader takes: the rows' numbers have to do.
        return words
    return words
