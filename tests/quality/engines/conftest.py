"""The table of `engine_cases` in every engine, and what pandas says about it."""

import shutil
import sys
import warnings

import pytest
import sqlalchemy as sa
from engine_cases import TABLE
from engine_tables import as_frame, opened

from stageline.quality.engines import open_frame


@pytest.fixture(scope="session")
def database(postgres_url):
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    engine = sa.create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def spark():
    """One local session without a user interface, in a zone of its own."""
    if shutil.which("java") is None:
        pytest.skip("Java is not installed")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that it does not know pandas 3 yet
        session_type = pytest.importorskip("pyspark.sql", reason="pyspark is not installed").SparkSession
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
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
