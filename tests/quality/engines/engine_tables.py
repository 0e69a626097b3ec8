"""Laying a table down in an engine, and opening it there."""

from contextlib import ExitStack, contextmanager

import pandas as pd
import pyarrow as pa
from deltalake import write_deltalake
from pyarrow import parquet

from stageline.quality.engines import open_arrow, open_file, open_frame, open_postgresql, open_spark

POSTGRESQL_TYPES = {
    "int64": "bigint", "double": "double precision", "string": "text", "bool": "boolean", "date32[day]": "date",
    "timestamp[us]": "timestamp", "timestamp[us, tz=UTC]": "timestamptz", "decimal128(10, 2)": "numeric(10, 2)",
}  # fmt: skip


def as_frame(table):
    # Nullable integers, which pandas would otherwise turn into floats.
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


def fill(engine, name, table):
    """Create a PostgreSQL table that holds an Arrow table."""

    def quoted(identifier):
        return '"' + identifier.replace('"', '""') + '"'

    columns = ", ".join(f"{quoted(field.name)} {POSTGRESQL_TYPES[str(field.type)]}" for field in table.schema)
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        driver.execute(f"DROP TABLE IF EXISTS {quoted(name)}")
        driver.execute(f"CREATE TABLE {quoted(name)} ({columns})")
        with driver.cursor().copy(f"COPY {quoted(name)} FROM STDIN") as copy:
            for row in table.to_pylist():
                copy.write_row(list(row.values()))


@contextmanager
def opened(engine, table, folder, request):
    """Open a table in an engine, by the name of the way it lies there."""
    with ExitStack() as stack:
        if engine == "pandas":
            yield stack.enter_context(open_frame(as_frame(table)))
        elif engine == "duckdb-arrow":
            yield stack.enter_context(open_arrow(table))
        elif engine == "duckdb-delta":
            write_deltalake(folder / "delta", table)
            yield stack.enter_context(open_file(folder / "delta"))
        elif engine == "postgresql":
            fill(request.getfixturevalue("database"), "judged", table)
            url = request.getfixturevalue("postgres_url")
            yield stack.enter_context(open_postgresql(url, "judged"))
        else:
            parquet.write_table(table, folder / "table.parquet")
            if engine == "spark":
                frame = request.getfixturevalue("spark").read.parquet(str(folder / "table.parquet"))
                yield stack.enter_context(open_spark(frame))
            else:
                yield stack.enter_context(open_file(folder / "table.parquet"))
