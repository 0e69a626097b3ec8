"""Spark beside the single process: the same table, the same counts."""

import importlib.util
import math
import shutil

import numpy as np
import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pyarrow as pa
import pytest
from counted_tables import BINS, by_hand, same, seen

from stageline.exceptions import DataError
from stageline.monitoring.bins import CategoryBins, NumericBins
from stageline.monitoring.scan import count_rows
from stageline.monitoring.spark import count_rows_spark

SPARK = None
if importlib.util.find_spec("pyspark") is None:
    SPARK = "PySpark is not installed"
elif shutil.which("java") is None:
    SPARK = "Java is not on the PATH"
pytestmark = [pytest.mark.skipif(SPARK is not None, reason=str(SPARK)), pytest.mark.xdist_group("spark")]


@pytest.fixture(scope="module")
def session():
    """The session that a task gets, with two tasks at a time and batches of a few rows."""
    from stageline.operators.spark_session import spark_session

    options = (
        "--master local[2] --conf spark.log.level=OFF --conf spark.sql.execution.arrow.maxRecordsPerBatch=700 "
        "--conf spark.sql.shuffle.partitions=2"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"{options} pyspark-shell")
        # The second Python that local tasks would find must not matter.
        patch.delenv("PYSPARK_PYTHON", raising=False)
        with spark_session(instead="duckdb") as opened:
            yield opened


@pytest.fixture(scope="module")
def table():
    """Rows of every kind, with a day that is not counted and would be refused."""
    draw = np.random.default_rng(0)
    odd = np.array([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.0])
    number = np.where(draw.random(5_000) < 0.1, draw.choice(odd, 5_000), draw.normal(0, 3, 5_000))
    return pa.table(
        {
            "number": pa.array(number, mask=draw.random(5_000) < 0.05),
            "whole": pa.array(draw.integers(-5, 2**62, 5_000), mask=draw.random(5_000) < 0.05),
            "text": pa.array(draw.choice(["a", "b", "c", "", "ü"], 5_000), mask=draw.random(5_000) < 0.05),
            "known": pa.array(draw.choice(["b", "c", "d"], 5_000)),
            "flag": pa.array(draw.random(5_000) < 0.3, mask=draw.random(5_000) < 0.05),
            "day": pa.array(draw.integers(0, 20_000, 5_000).astype("datetime64[D]")),
        }
    )


@pytest.fixture(scope="module")
def frame(session, table, tmp_path_factory):
    from pyarrow import parquet

    path = tmp_path_factory.mktemp("spark") / "rows.parquet"
    parquet.write_table(table, path)
    return session.read.parquet(str(path))


@pytest.mark.parametrize("parts", [1, 7])
def test_a_window_has_the_same_counts_on_spark(frame, table, parts):
    here = count_rows(table.to_batches(max_chunksize=900), BINS)
    there = count_rows_spark(frame.repartition(parts), BINS)
    assert same(there, here)
    assert seen(there) == seen(here) == by_hand(table)


def test_parts_without_rows_add_nothing(session, frame, table):
    twelve = frame.limit(12).repartition(9)
    assert count_rows_spark(twelve, BINS).rows.tolist() == [12]
    nothing = count_rows_spark(frame.limit(0), BINS)
    assert same(nothing, count_rows([], BINS))


def test_names_that_need_quotes_are_found(session):
    names = ["a.b", "b`c", "d e"]
    frame = session.createDataFrame([(1.0, "x", None)], "`a.b` double, `b``c` string, `d e` double")
    assert frame.columns == names
    bins = {"a.b": NumericBins((1.0,)), "b`c": CategoryBins(("x",), complete=True), "d e": NumericBins(())}
    assert seen(count_rows_spark(frame, bins)) == {
        "a.b": ([0, 1], 0, 0),
        "b`c": ([1, 0], 0, 0),
        "d e": ([0], 1, 0),
    }


def test_a_missing_column_and_one_of_another_kind_are_refused_as_elsewhere(frame):
    with pytest.raises(DataError, match="column 'price' is missing; there are: number, whole, text, known, flag, day"):
        count_rows_spark(frame, {"price": NumericBins(())})
    with pytest.raises(DataError, match=r"^column 'day' is date32\[day\]: the reference holds numbers there$"):
        count_rows_spark(frame.repartition(3), {"day": NumericBins((1.0,))})


def test_what_spark_cannot_read_is_said(session, tmp_path):
    from pyspark.sql import functions

    broken = session.range(5).select(functions.raise_error(functions.lit("no disk")).cast("double").alias("x"))
    with pytest.raises(DataError, match=r"Spark could not count the rows: .*; Spark's own log tells more"):
        count_rows_spark(broken, {"x": NumericBins(())})
