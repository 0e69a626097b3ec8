"""Where expectations run: one engine for each place a table can lie.

Each function opens a table and closes what it opened at the end of the `with` block.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.quality.table_engine import TableEngine

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame

__all__ = ["open_arrow", "open_file", "open_frame", "open_postgresql", "open_spark"]


@contextmanager
def open_frame(frame: "pd.DataFrame") -> Iterator[TableEngine]:
    """Judge a pandas table in pandas.

    :raises DataError: A column's name occurs twice, or is not a text.
    """
    from stageline.quality.engines.pandas_table import PandasTable

    yield PandasTable(frame)


def open_arrow(table: "pa.Table") -> AbstractContextManager[TableEngine]:
    """Judge an Arrow table in DuckDB, which reads it in memory without a copy.

    :raises DataError: A column's name occurs twice.
    """
    from stageline.quality.engines.duckdb_table import open_source
    from stageline.quality.engines.memory_source import from_arrow

    return open_source(from_arrow(table))


def open_file(path: Path) -> AbstractContextManager[TableEngine]:
    """Judge a `.parquet` or `.csv` file, or the folder of a Delta table, in DuckDB, which does not load it.

    :raises SourceError: It cannot be read as a table.
    :raises DataError: A column's name occurs twice.
    """
    from stageline.quality.engines.duckdb_table import open_source
    from stageline.quality.engines.file_source import from_file

    return open_source(from_file(path))


def open_postgresql(url: str, table: str, schema: str | None = None) -> AbstractContextManager[TableEngine]:
    """Judge a table or view in PostgreSQL, within one read-only transaction.

    :param url: As SQLAlchemy writes it, e.g. `postgresql+psycopg://user@host/database`.
    :param schema: Where the table lies; by default the first in the search path that has it.
    :raises SourceError: The database cannot be reached, or has no such table.
    """
    from stageline.quality.engines.postgresql_table import open_table

    return open_table(url, table, schema)


@contextmanager
def open_spark(dataframe: "DataFrame") -> Iterator[TableEngine]:
    """Judge a Spark DataFrame where Spark runs; the session stays the caller's.

    :raises DataError: A column's name occurs twice.
    """
    from stageline.quality.engines.spark_table import SparkTable

    yield SparkTable(dataframe)
