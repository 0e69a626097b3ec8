"""The table of `engine_cases` in every engine, and what pandas says about it."""

import os
import shutil
import sys
import warnings
from contextlib import ExitStack, contextmanager

import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from deltalake import write_deltalake
from engine_cases import TABLE
from pyarrow import parquet

from stageline.quality.engines import open_arrow, open_file, open_frame, open_postgresql, open_spark

POSTGRESQL_TYPES = {
    "int64": "bigint", "double": "double precision", "string": "text", "bool": "boolean", "date32[day]": "date",
    "timestamp[us]": "timestamp", "timestamp[us, tz=UTC]": "timestamptz", "decimal128(10, 2)": "numeric(10, 2)",
}  # fmt: skip


def as_frame(table):
    # Nullable integers, which pandas would otherwise turn into floats.
    return table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)


@pytest.fixture(scope="session")
def database(postgres_url):
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    yield engine
    engine.dispose()


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


@pytest.fixture(scope="session")
def spark():
    """One local session without a user interface, in a zone of its own."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it does not know pandas 3 yet
        session_type = pytest.importorskip("pyspark.sql", reason="pyspark is not installed").SparkSession
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        session = (
            session_type.builder.master("local[1]")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.sql.shuffle.partitions", "1")
            # A dozen rows are read sooner than code for them is compiled.
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.sql.session.timeZone", "America/New_York")
            .getOrCreate()
        )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


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


ENGINES = ["duckdb-arrow", "duckdb-parquet", "duckdb-delta", "postgresql", "spark"]
GROUPED = [pytest.param(name, marks=pytest.mark.xdist_group("spark")) if name == "spark" else name for name in ENGINES]


@pytest.fixture(scope="module")
def reference():
    with open_frame(as_frame(TABLE)) as table:
        yield table


@pytest.fixture(scope="module", params=GROUPED)
def judged(request, tmp_path_factory):
    with opened(request.param, TABLE, tmp_path_factory.mktemp(request.param), request) as table:
        yield table
