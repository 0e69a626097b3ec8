"""The step `score`: the head's champion scores a table, MLflow or not."""

import importlib.util
import shutil
import socket
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pyarrow as pa
import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors
from deltalake import DeltaTable
from pyarrow import parquet
from small_project import ROWS, write_rows, write_spec

from stageline.exceptions import SpecError, TrackingError
from stageline.ledger import Entry, ModelVersion
from stageline.operators import FeatureSnapshotOperator, GateFailed, TrainOperator
from stageline.operators.score import ScoreOperator
from stageline.verdicts import Mode, Verdict

DAY = datetime(2026, 11, 20, tzinfo=UTC)
ASSET = Asset("predictions", uri="stageline://small/predictions")


def entry(key):
    return Entry(
        pipeline="small", step="release", verdict=Verdict.PASSED, sentence="released", stage="poc", mode=Mode.ENABLED,
        dag_id="small", run_id="run", task_id="release", idempotency_key=key, spec_digest="", package_version="",
    )  # fmt: skip


def release(stores, *, version=1, run_id="train-1", uri=None, digest=None):
    """Promote the model that a run trained."""
    with stores.ledger() as ledger:
        trained = ledger.newest("small", run_id=run_id, step="train").evidence["evidence"]
        features = ledger.newest("small", run_id=run_id, step="features").evidence["evidence"]
        model = ModelVersion(
            version=version,
            uri=uri or trained["model"]["uri"],
            digest=digest or trained["model"]["digest"],
            mlflow_run=trained["mlflow_run"],
            snapshot=features["snapshot"]["version"],
            dag_run=f"small/{run_id}",
        )
        ledger.promote(entry(f"promote-{version}"), model, expected=ledger.head("small").generation)
    return model


@pytest.fixture
def train(stores, execute):
    def run(run_id="train-1"):
        execute(FeatureSnapshotOperator, run_id=run_id)
        execute(TrainOperator, run_id=run_id)

    return run


@pytest.fixture
def score(stores):
    """Return a function that scores as a task of the DAG `small.score`; returns the result and the events."""
    dag = SimpleNamespace(fileloc=str(stores.project / "dags" / "by_hand.py"))

    def run(*, run_id="score-1", logical_date=DAY, try_number=1, **parameters):
        operator = ScoreOperator(
            task_id="score", pipeline="small", outlets=[ASSET], **{"mode": "enabled", **parameters}
        )
        dag_run = SimpleNamespace(run_after=DAY, run_type="scheduled", logical_date=logical_date)
        task = SimpleNamespace(
            dag_id="small.score", run_id=run_id, task_id="score", map_index=-1, try_number=try_number
        )
        events = OutletEventAccessors()
        result = operator.execute({"ti": task, "dag_run": dag_run, "dag": dag, "outlet_events": events})
        return result, events[ASSET].extra

    return run


def predictions(stores):
    """Return the rows of each partition."""
    root = stores.home / "tables/small/predictions"
    if not DeltaTable.is_deltatable(str(root)):
        return {}
    return {
        file["partition.partition"]: parquet.ParquetFile(root / file["path"]).read().to_pylist()
        for file in pa.table(DeltaTable(str(root)).get_add_actions(flatten=True)).to_pylist()
    }


def test_without_a_champion_nothing_is_scored(stores, score, train):
    train()
    with pytest.raises(
        GateFailed, match=r"pipeline 'small' has no champion: no model was ever released \(generation 0\)"
    ):
        score()
    assert [record.verdict for record in stores.records("score")] == ["errored"]
    assert predictions(stores) == {}


def test_the_champion_scores_the_pipelines_own_source(stores, score, train):
    train()
    model = release(stores)
    result, told = score()
    assert result["verdict"] == "passed"
    assert result["sentence"] == f"{ROWS} rows scored by model version 1: partition '2026-11-20T00:00:00+00:00'"
    rows = predictions(stores)["2026-11-20T00:00:00+00:00"]
    assert len(rows) == ROWS
    assert {(row["model_version"], row["model_digest"]) for row in rows} == {(1, model.digest)}
    assert {row["scored_by"] for row in rows} == {"small.score/score-1"}
    assert told == {
        "pipeline": "small", "model_version": 1, "model_digest": model.digest, "rows": ROWS, "left_out": 0,
        "partition": "2026-11-20T00:00:00+00:00", "table": str(stores.home / "tables/small/predictions"),
        "table_version": 1,
    }  # fmt: skip
    (run,) = [run for run in stores.mlflow_runs() if "stageline.score" in run.data.tags]
    assert run.data.tags["stageline.scored_by_version"] == "1"
    assert run.info.status == "FINISHED"


def test_a_run_without_a_logical_date_is_its_own_partition(stores, score, train):
    train()
    release(stores)
    score(run_id="asset-run", logical_date=None)
    score(run_id="named", partition="week 47")
    assert set(predictions(stores)) == {"asset-run", "week 47"}


def test_the_spec_says_what_is_scored_and_names_the_partition(stores, score, train):
    train()
    release(stores)
    (stores.project / "data/new.csv").write_text("colour,x\nred,5\nblue,7\n", "utf-8")
    write_spec(
        stores.project,
        owners="{business: a, model: b, data: c}",
        release="{target: batch, approvers: [model], batch: {uri: data/new.csv, partition: run_id}}",
    )
    score()
    assert [len(rows) for rows in predictions(stores).values()] == [2]
    assert set(predictions(stores)) == {"score-1"}


def test_a_second_try_finds_what_the_first_recorded(stores, score, train):
    train()
    release(stores)
    first = score()
    before = predictions(stores)
    assert score(try_number=2) == first
    assert predictions(stores) == before
    assert len(stores.records("score")) == 1


def test_after_a_rollback_a_partition_is_scored_again_with_the_earlier_model(stores, score, train):
    train("train-1")
    release(stores, version=1, run_id="train-1")
    write_rows(stores.project, shift=3)
    train("train-2")
    release(stores, version=2, run_id="train-2")
    generations = []
    for _ in range(2):
        _, told = score()
        generations.append(told["model_version"])
        with stores.ledger() as ledger:
            if ledger.head("small").champion.version == 2:
                ledger.roll_back(entry("back"))
    assert generations == [2, 1]
    (rows,) = predictions(stores).values()
    assert {row["model_version"] for row in rows} == {1}


def test_a_head_that_moves_while_rows_are_scored_writes_nothing(stores, score, train, monkeypatch):
    from stageline.serving import Oracle

    train()
    release(stores)
    answer = Oracle.answer

    def move(self, frame):
        release(stores, version=2)
        return answer(self, frame)

    monkeypatch.setattr(Oracle, "answer", move)
    with pytest.raises(
        GateFailed, match=r"the head moved from generation 1 \(version 1\) to 2 while the rows were scored"
    ):
        score()
    assert predictions(stores) == {}


@pytest.fixture
def dead_mlflow(monkeypatch):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return lambda: monkeypatch.setenv("AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI", address)


def test_mlflow_is_not_needed_where_the_file_lies_on_a_path(stores, score, train, dead_mlflow):
    train()
    model = release(stores)
    assert model.uri.startswith(("/", "file:"))
    dead_mlflow()
    result, told = score()
    assert result["verdict"] == "passed"
    assert told["rows"] == ROWS


def test_mlflow_is_not_needed_once_the_file_is_kept(stores, score, train, dead_mlflow):
    train()
    release(stores)
    score()
    shutil.rmtree(stores.home / "artifacts")
    dead_mlflow()
    _, told = score(run_id="score-2", logical_date=datetime(2026, 11, 21, tzinfo=UTC))
    assert told["partition"] == "2026-11-21T00:00:00+00:00"
    assert len(predictions(stores)) == 2


def test_mlflow_that_is_down_and_holds_the_file_is_worth_a_retry(stores, score, train, dead_mlflow):
    train()
    release(stores, uri="mlflow-artifacts:/1/models/m/artifacts/model.skops")
    dead_mlflow()
    with pytest.raises(TrackingError, match="cannot be fetched from MLflow"):
        score()
    assert predictions(stores) == {}
    assert stores.records("score") == []


@contextmanager
def answering(status):
    """Serve an MLflow that answers everything with one status."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [401, 403])
def test_expired_credentials_leave_nothing_half_done(stores, score, train, monkeypatch, status):
    train()
    release(stores)
    score()
    before = predictions(stores)
    release(stores, version=2, uri="mlflow-artifacts:/1/models/m/artifacts/model.skops")
    shutil.rmtree(stores.home / "tables/small/models")
    with answering(status) as address:
        monkeypatch.setenv("AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI", address)
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with pytest.raises(TrackingError, match=rf"cannot be fetched from MLflow: .*{status}"):
            score(try_number=2)
    assert predictions(stores) == before
    assert not (stores.home / "tables/small/models").exists()


def test_a_file_that_was_replaced_is_refused(stores, score, train, tmp_path):
    train()
    (tmp_path / "model.skops").write_bytes(b"another model")
    release(stores, uri=str(tmp_path / "model.skops"))
    with pytest.raises(GateFailed, match=r"has digest sha256:.*, released was sha256:"):
        score()
    assert predictions(stores) == {}


def test_a_file_that_is_gone_is_named(stores, score, train, tmp_path):
    train()
    release(stores, uri=str(tmp_path / "gone.skops"))
    with pytest.raises(GateFailed, match=r"model version 1 of 'small': there is no file '.*gone.skops'"):
        score()


def test_a_source_outside_the_project_is_refused(stores, score, train):
    train()
    release(stores)
    with pytest.raises(GateFailed, match=r"'../elsewhere.csv' leaves the project"):
        score(uri="../elsewhere.csv")


def test_skew_stops_the_run_and_writes_nothing(stores, score, train):
    train()
    release(stores)
    (stores.project / "data/new.csv").write_text("x\n5\n", "utf-8")
    with pytest.raises(GateFailed, match=r"score failed: 'data/new.csv': 1 of 2 columns .* column 'colour' is missing"):
        score(uri="data/new.csv")
    assert predictions(stores) == {}


def test_a_dry_run_that_wrote_nothing_tells_no_asset(stores, score, train):
    train()
    release(stores)
    (stores.project / "data/new.csv").write_text("x\n5\n", "utf-8")
    with pytest.raises(AirflowSkipException, match="nothing was written, so no asset is told"):
        score(uri="data/new.csv", mode="dry_run")
    assert [record.verdict for record in stores.records("score")] == ["failed"]


def test_more_bad_rows_than_the_spec_allows_stop_the_run(stores, score, train):
    train()
    release(stores)
    (stores.project / "data/new.csv").write_text("x,colour\n1,red\n2\ninf,blue\n3,green\n", "utf-8")
    with pytest.raises(GateFailed, match=r"2 of 4 rows \(50.00%\) cannot be scored, limit 0.00%"):
        score(uri="data/new.csv")
    write_spec(stores.project, quality_gate="{max_quarantined: 0.6}")
    result, told = score(uri="data/new.csv")
    assert result["verdict"] == "warned"
    assert (told["rows"], told["left_out"]) == (2, 2)


def test_an_empty_name_of_a_partition_is_refused(stores, score, train):
    train()
    release(stores)
    with pytest.raises(GateFailed, match="task 'score': partition is ' '; give it a name"):
        score(partition=" ")


def test_a_model_whose_training_left_no_record_is_refused(stores, score, train):
    train()
    model = release(stores)
    with stores.ledger() as ledger:
        other = model.model_copy(update={"version": 2, "snapshot": 9})
        ledger.promote(entry("other"), other, expected=1)
    with pytest.raises(GateFailed, match=r"was trained on snapshot 9 in 'small/train-1', but no record"):
        score()


SPARK = None
if importlib.util.find_spec("pyspark") is None:
    SPARK = "PySpark is not installed"
elif shutil.which("java") is None:
    SPARK = "Java is not on the PATH"


def engines(stores):
    return [record.evidence["evidence"]["engine"] for record in stores.records("score")]


@pytest.mark.skipif(SPARK is not None, reason=str(SPARK))
@pytest.mark.xdist_group("spark")
def test_spark_writes_the_same_partition(stores, score, train, monkeypatch):
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", "--master local[1] --conf spark.log.level=OFF pyspark-shell")
    train()
    release(stores)
    _, here = score(partition="here")
    write_spec(
        stores.project,
        owners="{business: a, model: b, data: c}",
        release="{target: batch, approvers: [model], batch: {uri: data/small.csv, engine: spark}}",
    )
    _, there = score(partition="there", run_id="score-2")
    changing = ("partition", "table_version")
    assert {**there, **dict.fromkeys(changing)} == {**here, **dict.fromkeys(changing)}
    found = predictions(stores)
    for row in (*found["here"], *found["there"]):
        del row["scored_at"], row["scored_by"]
    assert found["there"] == found["here"]
    assert sorted(engines(stores)) == ["arrow", "spark"]


def test_the_tasks_engine_comes_before_the_specs(stores, score, train):
    train()
    release(stores)
    write_spec(
        stores.project,
        owners="{business: a, model: b, data: c}",
        release="{target: batch, approvers: [model], batch: {uri: data/small.csv, engine: spark}}",
    )
    score(engine="arrow")
    assert engines(stores) == ["arrow"]


def test_an_unknown_engine_is_refused_while_the_dag_is_read():
    with pytest.raises(SpecError, match=r"task 'score': engine is 'polars'; allowed: arrow, spark"):
        ScoreOperator(task_id="score", pipeline="small", engine="polars")


def test_spark_that_is_not_installed_is_named(stores, score, train, monkeypatch):
    train()
    release(stores)
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    words = r"engine 'spark' needs PySpark and Java; install .*\[spark\] and Java 17, or use engine 'arrow'"
    with pytest.raises(GateFailed, match=words):
        score(engine="spark")
    assert predictions(stores) == {}
