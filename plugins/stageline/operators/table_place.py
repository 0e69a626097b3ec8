"""Where a table lies that is checked on its own, and what opens it there."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.operators.database import database_url
from stageline.operators.spark_session import spark_session
from stageline.tables.parsed_file import tell_rejected

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from stageline.quality.table_engine import TableEngine

FILE_ENGINES = ("duckdb", "pandas", "spark")


@dataclass(frozen=True)
class TablePlace:
    """A file, a folder, or a table of a database; see `DataQualityOperator` for the parameters.

    :param project: Relative paths start there.
    """

    table: str
    conn_id: str | None
    schema: str | None
    engine: str
    project: Path

    @property
    def shown(self) -> str:
        """How messages call the table."""
        if self.conn_id is None:
            return self.table
        return f"{self.conn_id}: {self.schema + '.' if self.schema else ''}{self.table}"

    @property
    def content(self) -> str | None:
        """What tells a file from the file it was before, at a glance; none of all else."""
        if self.conn_id is not None or not self._path.is_file():
            return None
        about = self._path.stat()
        return f"{about.st_size:,} bytes, changed at {about.st_mtime_ns / 1e9:.6f}"

    @contextmanager
    def opened(self) -> "Iterator[TableEngine]":
        """Open the table, and close it at the end of the `with` block.

        :raises SourceError: It is not there, cannot be read, or a file changed meanwhile.
        """
        before = self.content
        with self._engine() as engine:
            yield engine
        if self.content != before:
            raise SourceError(
                f"{self.table!r} changed while it was checked: had {before}, has {self.content}; "
                "run the step again when nothing writes to the file"
            )

    @property
    def _path(self) -> Path:
        path = Path(self.table).expanduser()
        return path if path.is_absolute() else self.project / path

    def _engine(self) -> "AbstractContextManager[TableEngine]":
        from stageline.quality import engines

        if self.conn_id is not None:
            url = database_url(self.conn_id)
            if url is None:
                raise SourceError(f"there is no Airflow connection {self.conn_id!r}; make one of type 'postgres'")
            return engines.open_postgresql(
                f"postgresql+psycopg{url.removeprefix('postgresql')}", self.table, self.schema
            )
        path = self._path
        if not path.exists():
            raise SourceError(f"{self.table!r}: there is no such file or folder; looked for {str(path)!r}")
        if self.engine == "duckdb":
            return engines.open_file(path)
        return engines.open_frame(_as_frame(_read(path, self.engine))) if self.engine == "pandas" else _in_spark(path)


def _read(path: Path, engine: str) -> "pa.Table":
    from stageline.tables.csv_bytes import parse_csv
    from stageline.tables.parquet_bytes import parse_parquet

    parse = {".csv": parse_csv, ".parquet": parse_parquet}.get(path.suffix.lower())
    if parse is None or not path.is_file():
        raise SourceError(f"{str(path)!r}: engine {engine!r} reads .csv and .parquet files; use engine 'duckdb'")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{str(path)!r}: cannot be read: {error.strerror}") from error
    parsed = parse(data, str(path))
    if parsed.rejected:
        raise SourceError(f"{str(path)!r}: {tell_rejected(parsed.rejected)}; mend the file")
    return parsed.table


def _as_frame(table: "pa.Table") -> "pd.DataFrame":
    """Return an Arrow table in pandas, whole numbers as such: as floats, those beside a null would lose digits."""
    import pandas as pd
    import pyarrow as pa

    whole = {
        pa.int8(): pd.Int8Dtype(), pa.int16(): pd.Int16Dtype(), pa.int32(): pd.Int32Dtype(),
        pa.int64(): pd.Int64Dtype(), pa.uint8(): pd.UInt8Dtype(), pa.uint16(): pd.UInt16Dtype(),
        pa.uint32(): pd.UInt32Dtype(), pa.uint64(): pd.UInt64Dtype(),
    }  # fmt: skip
    frame: pd.DataFrame = table.to_pandas(types_mapper=whole.get)
    return frame


@contextmanager
def _in_spark(path: Path) -> "Iterator[TableEngine]":
    from stageline.quality import engines

    with spark_session(instead="duckdb") as session, engines.open_spark(_read_spark(session, path)) as engine:
        yield engine


def _read_spark(session: "SparkSession", path: Path) -> "DataFrame":
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    if path.suffix.lower() != ".parquet":
        # Spark's own reader would guess at quotes and nulls, and cut ragged lines without a word.
        return session.createDataFrame(_as_spark_takes(_read(path, "spark")))
    try:
        return session.read.parquet(str(path))
    except (Py4JError, PySparkException) as error:
        words = str(error).strip().splitlines()[0]
        raise SourceError(f"{str(path)!r}: cannot be read as Parquet: {words}; mend or replace it") from error


def _as_spark_takes(table: "pa.Table") -> "pa.Table":
    """Return what was read from a CSV file with the types that Spark has: times of day and nulls alone as texts."""
    import pyarrow as pa

    fields = [
        field.with_type(pa.string()) if pa.types.is_time(field.type) or pa.types.is_null(field.type) else field
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))
