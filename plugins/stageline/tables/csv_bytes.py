"""CSV bytes to an Arrow table, refusing what a lenient reader would guess at."""

import codecs
import csv
import io
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

NULL_TEXTS = ["", "NA", "N/A", "NaN", "nan", "NULL", "null"]
_SHOWN_LINES = 5
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def parse_csv(data: bytes, name: str) -> "pa.Table":
    """Parse comma-separated UTF-8 with a header line; column types are inferred from all rows.

    :param name: How errors call the data.
    :raises SourceError: Not UTF-8, no header, repeated or blank column names, ragged lines.
    """
    data = data.removeprefix(codecs.BOM_UTF8)
    _require_utf8(data, name)
    _require_names(_header(data, name), name)
    return _read(data, name)


def _require_utf8(data: bytes, name: str) -> None:
    if data.startswith(_UTF16_MARKS):
        raise SourceError(f"{name!r}: is UTF-16; save it as UTF-8")
    if (zero := data.find(b"\0")) >= 0:
        raise SourceError(f"{name!r}: holds a zero byte at offset {zero:,}; it is not a text file")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{name!r}: byte 0x{data[error.start]:02x} at offset {error.start:,} (line {line:,}) is not UTF-8; "
            "the file is in another encoding or mixes several; save it as UTF-8"
        ) from None


def _header(data: bytes, name: str) -> list[str]:
    text = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8", newline="")
    try:
        return next(csv.reader(text), [])
    except csv.Error as error:
        raise SourceError(f"{name!r}: the header line cannot be parsed: {error}") from error


def _require_names(header: list[str], name: str) -> None:
    if not any(column.strip() for column in header):
        raise SourceError(f"{name!r}: line 1 holds no column names; expected a header")
    for position, column in enumerate(header, start=1):
        if not column.strip():
            raise SourceError(f"{name!r}: column {position} of {len(header)} has no name")
        first = header.index(column) + 1
        if first != position:
            raise SourceError(f"{name!r}: columns {first} and {position} have the same name {column!r}")


def _read(data: bytes, name: str) -> "pa.Table":
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[tuple[int | None, int, int]] = []

    def note(row: "arrow_csv.InvalidRow") -> str:
        ragged.append((row.number, row.expected_columns, row.actual_columns))
        return "skip"

    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            # One thread: only then does Arrow know the number of a ragged line.
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=max(len(data), 1 << 20)),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            convert_options=arrow_csv.ConvertOptions(null_values=NULL_TEXTS, strings_can_be_null=True),
        )
    except pa.ArrowInvalid as error:
        raise SourceError(f"{name!r}: cannot be parsed as CSV: {error}") from error
    if ragged:
        shown = "; ".join(
            f"line {number or '?'} has {found} values instead of {expected}"
            for number, expected, found in ragged[:_SHOWN_LINES]
        )
        raise SourceError(f"{name!r}: {len(ragged):,} ragged line(s): {shown}")
    return table
