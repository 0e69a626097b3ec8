"""Parquet bytes to an Arrow table."""

from typing import TYPE_CHECKING

from stageline.exceptions import SourceError

if TYPE_CHECKING:
    import pyarrow as pa


def parse_parquet(data: bytes, name: str) -> "pa.Table":
    """Parse a Parquet file.

    :param name: How errors call the data.
    :raises SourceError: Truncated or not Parquet, or a column name stands twice.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(pa.BufferReader(data)).read()
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"{name!r}: is truncated or not a Parquet file: {error}") from error
    repeated = {column for column in table.column_names if table.column_names.count(column) > 1}
    if repeated:
        raise SourceError(f"{name!r}: the column name {sorted(repeated)[0]!r} stands twice")
    return table.replace_schema_metadata(None)
