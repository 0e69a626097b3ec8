"""Spark beside the single process: the same tables, the same predictions, the same findings."""

import datetime as dt
import decimal
import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from scoring import Weighted, case, check_of, rows_of, write

from stageline.exceptions import ArtifactError, DataError, SourceError
from stageline.serving import KeptModel, Oracle, SparkEngine, csv_rows, open_rows, parquet_rows, spark_engine
from stageline.serving.kept_model import library_versions, require_same_libraries
from stageline.training import save_model

SPARK = None
if importlib.util.find_spec("pyspark") is None:
    SPARK = "PySpark is not installed"
elif shutil.which("java") is None:
    SPARK = "Java is not on the PATH"
pytestmark = [pytest.mark.skipif(SPARK is not None, reason=str(SPARK)), pytest.mark.xdist_group("spark")]

ZONE = pa.timestamp("us", "Europe/Berlin")
MICROSECOND = pa.timestamp("us")


@pytest.fixture(scope="module")
def session():
    """The session that a task gets, with two tasks at a time, far from UTC."""
    from stageline.operators.spark_session import spark_session

    options = "--master local[2] --conf spark.log.level=OFF --conf spark.sql.session.timeZone=America/New_York"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"{options} pyspark-shell")
        # The second Python that local tasks would find must not matter.
        patch.delenv("PYSPARK_PYTHON", raising=False)
        with spark_session(instead="arrow") as opened:
            yield opened


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    """Have a few rows already be worth a task of their own."""
    monkeypatch.setattr(parquet_rows, "_PART_ROWS", 20)
    monkeypatch.setattr(csv_rows, "_PART_BYTES", 1_000)
    monkeypatch.setattr(spark_engine, "_TASK_ROWS", 20)


def lay(table, folder, kind):
    """Write a table in several parts, where its kind has any."""
    if kind == "parquet":
        parquet.write_table(table, folder / "rows.parquet", row_group_size=20)
        return "rows.parquet"
    if kind == "delta":
        for begin in range(0, table.num_rows, 30):
            write_deltalake(folder / "rows.delta", table.slice(begin, 30), mode="append" if begin else "overwrite")
        return "rows.delta"
    return write(table, folder, kind)


def kept(trained):
    """Return the engine's model: the file of what the single process has in memory."""
    path = trained.folder / "model.skops"
    return KeptModel(path, save_model(trained.scoring.oracle.model, path))


def both(trained, session, source, kind="parquet", **changes):
    """Score a source with both engines; returns the rows of each after all else was found the same."""
    uri = source if isinstance(source, str) else lay(source, trained.folder, kind)
    here = trained.score(uri, partition="here", **changes)
    there = trained.score(uri, partition="there", engine=SparkEngine(session, kept(trained)), **changes)
    assert here.tally == there.tally
    assert list(here.tally.reasons) == list(there.tally.reasons)
    assert here.bounds == there.bounds
    published = [check for check in here.checks if check.code != "SL-B004"]
    assert [check for check in there.checks if check.code != "SL-B004"] == published
    assert (here.published is None) == (there.published is None)
    rows = [trained.read("here"), trained.read("there")]
    for row in (*rows[0], *rows[1]):
        del row["partition"]
    assert repr(rows[1]) == repr(rows[0])
    assert there.tally.scored == len(rows[1])
    assert list((trained.folder / "predictions/_staged").iterdir()) == []
    return there, rows[1]


def texts(count, *some):
    return [some[row % len(some)] for row in range(count)]


SOURCES = {
    "as in training": {},
    "whole numbers with nulls": {"stock": pa.array([None if row % 7 == 2 else row for row in range(60)], pa.int64())},
    "unsigned": {"stock": pa.array([2**40 + row for row in range(60)], pa.uint64())},
    "bytes": {"stock": pa.array(range(60), pa.int8())},
    "floats for whole numbers": {"stock": pa.array([row / 2 for row in range(60)], pa.float32())},
    "half floats": {"price": pa.array(np.arange(60, dtype=np.float16))},
    "decimals": {"price": pa.array([decimal.Decimal(row) / 8 for row in range(60)], pa.decimal128(12, 3))},
    "long decimals": {"price": pa.array([decimal.Decimal("0.1") * row for row in range(60)], pa.decimal256(50, 9))},
    "NaN and null": {"price": pa.array([(None, np.nan, 1.5)[row % 3] for row in range(60)], pa.float64())},
    "negative zero": {"price": pa.array([-0.0] * 60)},
    "nulls alone": {"price": pa.nulls(60), "shop": pa.nulls(60)},
    "texts never seen": {"shop": pa.array(texts(60, "north", "Norð", "", " north", "NORTH", None, "a\0b", "x" * 300))},
    "a dictionary": {"shop": pa.array(texts(60, "north", "moon", None)).dictionary_encode()},
    "large texts": {"shop": pa.array(texts(60, "north", None, "moon"), pa.large_string())},
    "times in nanoseconds": {"at": pa.array([1_750_000_000_123_456_789 + row for row in range(60)], pa.timestamp("ns"))},
    "times in seconds": {"at": pa.array([1_750_000_000 + 3_599 * row for row in range(60)], pa.timestamp("s"))},
    "times long ago": {"at": pa.array([-12_219_292_800_000_000 + 3_600_000_000 * row for row in range(60)], MICROSECOND)},
    "times that New York skips": {"at": pa.array([1_772_935_200_000_000 + 60_000_000 * row for row in range(60)], MICROSECOND)},
    "days": {"at": pa.array([20_000 + row for row in range(60)], pa.date32())},
    "times as texts": {"at": pa.array([f"2026-03-0{1 + row % 9}T02:30:00.{row:06}" for row in range(60)])},
    "keys of other types": {"id": pa.array([2**62 + row for row in range(60)], pa.uint64())},
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return case(tmp_path_factory.mktemp("project"))


@pytest.mark.parametrize("name", SOURCES)
def test_both_engines_predict_the_same(trained, session, name):
    _, rows = both(trained, session, rows_of(1_000, 1_060, **SOURCES[name]))
    assert len(rows) == 60


@pytest.mark.parametrize("kind", ["parquet", "csv", "folder", "delta"])
def test_the_kind_of_file_makes_no_difference(trained, session, kind):
    scored, _ = both(trained, session, rows_of(150, 300), kind)
    assert (scored.tally.rows, scored.tally.scored) == (150, 150)
    # Rows of training are found again, whichever task reads them.
    assert "of them are in the source, with the same features" in check_of(scored, "SL-B006").message


def test_each_part_is_a_file_and_all_are_one_commit(tmp_path, session):
    trained = case(tmp_path)
    uri = lay(rows_of(0, 100), tmp_path, "parquet")
    for before in (0, 100):
        scored = trained.score(uri, engine=SparkEngine(session, kept(trained)))
        assert (scored.published.rows, scored.published.replaced) == (100, before)
    assert scored.published.version == 2
    files = DeltaTable(str(trained.table.root)).file_uris()
    assert len(files) == 5
    assert DeltaTable(str(trained.table.root)).to_pyarrow_table().num_rows == 100


def test_partitions_of_a_delta_table_and_newer_columns_are_read(tmp_path, session):
    trained = case(tmp_path)
    write_deltalake(tmp_path / "split", rows_of(0, 40).drop(["stock"]), partition_by=["shop"])
    write_deltalake(tmp_path / "split", rows_of(40, 80), mode="append", schema_mode="merge")
    _, rows = both(trained, session, "split")
    assert [row["id"] for row in rows] == list(range(80))


@pytest.mark.parametrize("quotes", [True, False])
def test_ragged_lines_are_counted_and_named(tmp_path, session, quotes):
    trained = case(tmp_path)
    name = write(rows_of(0, 90), tmp_path, "csv")
    text = (tmp_path / name).read_text("utf-8")
    lines = (text if quotes else text.replace('"', "")).splitlines()
    lines.insert(11, "10,too short")
    lines[80] = "78,2026-01-24 01:00:00,west,inf,10,false,1"
    lines.insert(70, "70,too short")
    (tmp_path / name).write_text("\n".join(lines) + "\n", "utf-8")
    parts = len(open_rows(name, tmp_path, trained.scoring.reference.csv_types).parts)
    # Within quotes a line break may stand: such a file is read by one task.
    assert parts == 1 if quotes else parts > 3
    scored, rows = both(trained, session, name, max_left_out=0.1)
    assert scored.tally.reasons == {"line is ragged": 2, "feature 'price' is infinite": 1}
    assert sorted((row["reason"], row.get("line"), row.get("position")) for row in scored.tally.named) == [
        ("feature 'price' is infinite", None, 78),
        ("line has 2 values instead of 7", 12, None),
        ("line has 2 values instead of 7", 71, None),
    ]
    assert [row["id"] for row in rows] == [row for row in range(90) if row != 78]


@pytest.mark.parametrize("task", ["two", "three", "numbers"])
def test_classes_have_the_same_probabilities(tmp_path, session, task):
    labels = {"two": ("no", "yes"), "three": ("a", "b", "c"), "numbers": (1, 2, 3)}[task]
    table = rows_of(0, 240).append_column("class", pa.array(texts(240, *labels)))
    positive = {"target": {"positive": "no"}} if task == "two" else {}
    trained = case(tmp_path, task="classification", column="class", table=table.drop(["y"]), **positive)
    _, rows = both(trained, session, rows_of(1_000, 1_060))
    known = [row["probability"] if task == "two" else row["probabilities"] for row in rows]
    assert None not in known
    assert {type(row["prediction"]) for row in rows} == {type(labels[0])}


@pytest.mark.parametrize("estimator", ["linear_model.BayesianRidge", "ensemble.HistGradientBoostingRegressor"])
def test_bounds_are_the_same(tmp_path, session, estimator):
    trained = case(tmp_path, train={"estimator": f"sklearn.{estimator}"})
    _, rows = both(trained, session, rows_of(1_000, 1_060))
    has_bounds = estimator.endswith("Ridge")
    assert all((row["lower"] is not None) == has_bounds for row in rows)


@pytest.mark.parametrize(
    "times",
    [
        pa.array([1_792_890_000_000_000 + 1_800_000_000 * row for row in range(60)], ZONE),
        pa.array([1_792_890_000_000_000 + row for row in range(60)], pa.timestamp("us", "+05:30")),
        pa.array([1_792_890_000 + row for row in range(60)], pa.timestamp("s", "America/New_York")),
        pa.array([f"2026-10-25T0{row % 3}:59:00+0{row % 3}:00" for row in range(60)]),
        pa.array(["2026-11-01T05:59:00Z", *["2026-11-01"] * 19, *["nonsense", "2026-11-01T05:59:00-04:00"] * 20]),
    ],
)
def test_times_with_a_zone_are_the_same_moments(tmp_path, session, times):
    train_times = pa.array([1_750_000_000_000_000 + 7 * 3_600_000_000 * row for row in range(240)], pa.timestamp("us", "UTC"))  # fmt: skip
    trained = case(tmp_path, table=rows_of(0, 240, at=train_times))
    scored, rows = both(trained, session, rows_of(1_000, 1_060, at=times), max_left_out=0.9)
    assert scored.tally.scored == len(rows)
    assert {row["at"].tzinfo for row in rows} != {None}
    if times.type == pa.string() and times[1].as_py() == "2026-11-01":
        assert scored.tally.reasons == {
            "event time 'at' is without a time zone, other than in training": 19,
            "event time 'at' is no time": 20,
        }


@pytest.mark.parametrize(
    "keys",
    [
        {"id": [f"ü {row}" for row in range(240)]},
        {"id": [dt.date(2020, 1, 1) + dt.timedelta(days=row) for row in range(240)]},
        {"id": pa.array([row * 1_000_000 for row in range(240)], pa.timestamp("us", "Asia/Tokyo"))},
        {"id": [decimal.Decimal(row) / 4 for row in range(240)]},
    ],
)
def test_keys_arrive_as_they_are_in_the_source(tmp_path, session, keys):
    keys = pa.array(keys["id"])
    # A snapshot knows all moments in UTC.
    known = keys.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(keys.type) else keys
    trained = case(tmp_path, table=rows_of(0, 240, id=known))
    scored, rows = both(trained, session, rows_of(0, 60, id=keys[:60]))
    assert sorted(row["id"] for row in rows) == sorted(keys[:60].to_pylist())
    assert "of them are in the source" in check_of(scored, "SL-B006").message


BAD = st.sampled_from(["fine", "infinite", "no time", "long", "new shop", "null", "nan"])


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kinds=st.lists(BAD, min_size=1, max_size=70))
def test_every_row_is_scored_or_named_whichever_task_reads_it(trained, session, kinds):
    count = len(kinds)
    plain = rows_of(1_000, 1_000 + count)
    source = rows_of(
        1_000,
        1_000 + count,
        price=pa.array([{"infinite": np.inf, "null": None, "nan": np.nan}.get(kind, 1.0) for kind in kinds], pa.float64()),
        stock=pa.array([2**53 + 1 if kind == "long" else 3 for kind in kinds], pa.int64()),
        shop=pa.array(["moon" if kind == "new shop" else "north" for kind in kinds]),
        at=pa.array([None if kind == "no time" else plain["at"][row].as_py() for row, kind in enumerate(kinds)], pa.timestamp("us")),
    )  # fmt: skip
    if all(kind in ("infinite", "no time", "long") for kind in kinds):
        trained.score(source, partition="here", engine=SparkEngine(session, kept(trained)))
        return
    scored, rows = both(trained, session, source, max_left_out=0.999)
    out = {row for row, kind in enumerate(kinds) if kind in ("infinite", "no time", "long")}
    assert [row["id"] - 1_000 for row in rows] == [row for row in range(count) if row not in out]
    assert {row["position"] for row in scored.tally.named} <= out
    assert scored.tally.rows == scored.tally.scored + scored.tally.left_out == count


def files_of(trained):
    return sorted(path.name for path in trained.table.root.rglob("*"))


def test_a_check_that_fails_leaves_the_partition_as_it_was(tmp_path, session):
    trained = case(tmp_path)
    trained.score(rows_of(0, 10), partition="there")
    before, files = trained.read("there"), files_of(trained)
    source = rows_of(0, 100, price=pa.array([*[1.0] * 90, *[np.inf] * 10]))
    uri = lay(source, tmp_path, "parquet")
    scored = trained.score(uri, partition="there", engine=SparkEngine(session, kept(trained)), max_left_out=0.05)
    assert scored.published is None
    assert check_of(scored, "SL-B002").verdict == "failed"
    assert (scored.tally.rows, scored.tally.scored, scored.tally.left_out) == (100, 90, 10)
    assert (trained.read("there"), files_of(trained)) == (before, files)


def test_a_confirmation_that_refuses_leaves_no_file_behind(tmp_path, session):
    trained = case(tmp_path)
    trained.score(rows_of(0, 10))
    before, files = trained.read(), files_of(trained)

    def refuse():
        raise ArtifactError("the head moved")

    uri = lay(rows_of(0, 100), tmp_path, "parquet")
    with pytest.raises(ArtifactError, match="the head moved"):
        trained.score(uri, engine=SparkEngine(session, kept(trained)), confirm=refuse)
    assert (trained.read(), files_of(trained)) == (before, files)


def test_no_rows_are_never_passed(tmp_path, session):
    scored, rows = both(case(tmp_path), session, rows_of(0, 0))
    assert check_of(scored, "SL-B001").verdict == "inconclusive"
    assert rows == []


def test_a_prediction_that_is_not_finite_refuses_all(tmp_path, session):
    trained = case(tmp_path)
    trained.score(rows_of(0, 10))
    before, files = trained.read(), files_of(trained)
    trained.scoring.oracle.model.steps[-1][1].coef_[:] = np.nan
    uri = lay(rows_of(0, 100), tmp_path, "parquet")
    words = r"'rows.parquet' \(task 1 of 5\): the .* not finite in 20 row\(s\), first in row 1.*; nothing was written"
    with pytest.raises(DataError, match=words):
        trained.score(uri, engine=SparkEngine(session, kept(trained)))
    assert (trained.read(), files_of(trained)) == (before, files)


def test_a_value_that_cannot_be_read_names_the_source(tmp_path, session):
    (tmp_path / "rows.csv").write_text("id,at,shop,price,stock,open\n1,2026-01-01,north,dear,1,true\n", "utf-8")
    trained = case(tmp_path)
    engine = SparkEngine(session, kept(trained))
    with pytest.raises(SourceError, match=r"^'rows.csv': column 'price' cannot be read as double.*: row 2 of the file"):
        trained.score("rows.csv", engine=engine)
    with pytest.raises(DataError, match=r"it is not shown, as the table has private columns") as hushed:
        trained.score("rows.csv", engine=engine, private=frozenset(["price"]))
    assert "dear" not in str(hushed.value)


def test_a_file_that_changes_while_it_is_scored_is_refused(tmp_path, session):
    trained = case(tmp_path)
    uri = lay(rows_of(0, 100), tmp_path, "parquet")

    class Meddling(SparkEngine):
        def _run(self, errand, *, hushed):
            told = super()._run(errand, hushed=hushed)
            os.utime(tmp_path / uri, ns=(1, 1))
            return told

    with pytest.raises(SourceError, match=r"'rows.parquet': changed while it was scored; nothing was written"):
        trained.score(uri, engine=Meddling(session, kept(trained)))
    assert trained.read() == []
    assert not list(tmp_path.rglob("predictions/**/*.parquet"))


def test_a_model_that_was_replaced_is_refused(tmp_path, session):
    trained = case(tmp_path)
    model = kept(trained)
    model.path.write_bytes(b"another")
    uri = lay(rows_of(0, 100), tmp_path, "parquet")
    with pytest.raises(ArtifactError, match=r"'model.skops' has digest sha256:.*, recorded at training was sha256:"):
        trained.score(uri, engine=SparkEngine(session, model))
    model.path.unlink()
    with pytest.raises(
        ArtifactError, match=r"cannot be read at '.*model.skops': No such file or directory; the folder"
    ):
        trained.score(uri, engine=SparkEngine(session, model))


@dataclass(frozen=True)
class Unkept:
    """What stands for a file, where no file can hold such a model."""

    model: Any

    def load(self):
        return self.model


class Dividing(Weighted):
    def predict(self, frame):
        return 1 / 0


class Dying(Weighted):
    def predict(self, frame):
        os._exit(3)


@pytest.fixture
def by_value():
    """Send what this file defines to tasks, which cannot import it."""
    from pyspark import cloudpickle

    for name in (__name__, "scoring"):
        cloudpickle.register_pickle_by_value(sys.modules[name])
    yield
    for name in (__name__, "scoring"):
        cloudpickle.unregister_pickle_by_value(sys.modules[name])


def test_whatever_a_model_raises_stops_the_step(tmp_path, session, by_value):
    trained = case(tmp_path, model=Weighted())
    uri = lay(rows_of(0, 100), tmp_path, "parquet")
    engine = SparkEngine(session, Unkept(Dividing()))
    with pytest.raises(
        DataError, match=r"task 1 of 5\): the Dividing cannot predict: ZeroDivisionError: division"
    ) as found:
        trained.score(uri, engine=engine)
    assert "in predict" in "".join(found.value.__notes__)
    with pytest.raises(DataError, match=r"the Dividing raised ZeroDivisionError, of .*is not shown") as hushed:
        trained.score(uri, engine=engine, private=frozenset(["price"]))
    assert not hasattr(hushed.value, "__notes__")
    assert trained.read() == []
    assert not list(tmp_path.rglob("predictions/**/*.parquet"))


def test_a_package_that_a_task_lacks_is_named(tmp_path, session):
    trained = case(tmp_path, model=Weighted())
    uri = lay(rows_of(0, 100), tmp_path, "parquet")
    words = r"nothing was written: ModuleNotFoundError: No module named 'test_batch_spark'; Spark's own log"
    with pytest.raises(DataError, match=words):
        trained.score(uri, engine=SparkEngine(session, Unkept(Weighted())))
    with pytest.raises(DataError, match=r"nothing was written: PythonException; Spark's own log"):
        trained.score(uri, engine=SparkEngine(session, Unkept(Weighted())), private=frozenset(["price"]))


def test_a_process_of_sparks_that_dies_stops_the_step(tmp_path, session, by_value):
    trained = case(tmp_path, model=Weighted())
    uri = lay(rows_of(0, 100), tmp_path, "parquet")
    with pytest.raises(DataError, match=r"'rows.parquet': Spark could not score it, nothing was written: \w.*crashed"):
        trained.score(uri, engine=SparkEngine(session, Unkept(Dying())))
    assert trained.read() == []
    assert not list(tmp_path.rglob("predictions/**/*.parquet"))
    # The session is as good as before.
    assert trained.score(uri, engine=SparkEngine(session, Unkept(Weighted()))).published.rows == 100


def test_other_libraries_than_those_of_the_asker_are_refused():
    wanted = library_versions()
    require_same_libraries(wanted, library_versions())
    with pytest.raises(ArtifactError, match=r"an executor has scikit-learn 1.0 instead of .*; install the same"):
        require_same_libraries(wanted, {**wanted, "scikit-learn": "1.0"})
    with pytest.raises(ArtifactError, match=r"an executor has pandas none instead of "):
        require_same_libraries(wanted, {**wanted, "pandas": "none"})


def test_a_model_is_loaded_once_by_a_process(tmp_path):
    trained = case(tmp_path)
    model = kept(trained)
    assert model.load() is model.load()
    assert replace(trained.scoring.oracle, model=model.load()).kinds == Oracle(model.load(), classify=False).kinds
