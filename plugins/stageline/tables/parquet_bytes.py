"""Parquet bytes to an Arrow table."""

from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.tables.column_names import require_names
from stageline.tables.parsed_file import ParsedFile

if TYPE_CHECKING:
    import pyarrow as pa


def parse_parquet(data: bytes, name: str) -> ParsedFile:
    """Parse a Parquet file.

    Dictionary columns (pandas' categories) become their values, and NaN becomes null, as in a CSV file.

    :param name: How errors call the data.
    :raises SourceError: Truncated or not Parquet, a column without a name, or two of one name.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(pa.BufferReader(data)).read()
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{name!r}: is truncated or not a Parquet file: {error}") from error
    require_names(table.column_names, name)
    columns = {field.name: _plain(table[field.name]) for field in table.schema}
    return ParsedFile(pa.table(columns) if columns else table.replace_schema_metadata(None))


def _plain(values: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    if pa.types.is_floating(values.type):
        missing = pc.is_nan(values)
        if pc.any(missing).as_py():
            values = pc.if_else(missing, pa.scalar(None, values.type), values)
    return values
