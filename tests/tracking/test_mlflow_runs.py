"""One MLflow run per DAG run, in a real store."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from forking import FORKSERVER

from stageline.exceptions import ArtifactError, TrackingError
from stageline.tracking import (
    DagRun,
    Tracking,
    fetch_file,
    log_dataset,
    log_model,
    log_parameters,
    log_texts,
    log_values,
)

pytestmark = pytest.mark.xdist_group("mlflow_runs")
AFTER = datetime(2026, 3, 21, 6, tzinfo=UTC)


def dag_run(run_id="manual__1", pipeline="bikes", dag_id="bikes"):
    return DagRun(pipeline, dag_id, run_id, AFTER, {"stageline.stage": "poc"})


@pytest.fixture(scope="module")
def tracking(home):
    return Tracking(f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts")


@pytest.fixture(scope="module")
def client(home, tracking):
    from mlflow import MlflowClient

    tracking.ensure(dag_run("warm up"))
    return MlflowClient(tracking_uri=f"sqlite:///{home / 'mlflow.db'}")


def test_the_first_call_makes_the_run_and_the_next_find_it(tracking, client):
    assert tracking.find(dag_run("once")) is None
    made = tracking.ensure(dag_run("once"))
    assert tracking.ensure(dag_run("once")) == made == tracking.find(dag_run("once"))
    tags = client.get_run(made).data.tags
    assert (tags["stageline.dag_id"], tags["stageline.run_id"], tags["stageline.stage"]) == ("bikes", "once", "poc")


@pytest.mark.parametrize("run_id", ["it's", 'a "quoted" one', "a` or true", "back\\slash", "ünï/côde+00:00", "%' --"])
def test_a_hostile_run_id_finds_its_own_run_only(tracking, client, run_id):
    made = tracking.ensure(dag_run(run_id))
    assert tracking.find(dag_run(run_id)) == made
    assert tracking.find(dag_run(f"{run_id}x")) is None


def test_the_same_run_id_in_another_dag_is_another_run(tracking):
    assert tracking.ensure(dag_run("shared")) != tracking.ensure(dag_run("shared", dag_id="by_hand"))


def _ensure(uri, barrier, found):
    barrier.wait()
    found.put(Tracking(uri).ensure(dag_run("raced")))


def test_processes_that_race_agree_on_one_run(home, client):
    barrier, found = FORKSERVER.Barrier(3), FORKSERVER.Queue()
    arguments = (f"sqlite:///{home / 'mlflow.db'}", barrier, found)
    racers = [FORKSERVER.Process(target=_ensure, args=arguments) for _ in range(3)]
    for racer in racers:
        racer.start()
    kept = {found.get(timeout=120) for _ in racers}
    for racer in racers:
        racer.join()
    assert len(kept) == 1
    experiment = client.get_experiment_by_name("bikes").experiment_id
    left = client.search_runs([experiment], "tags.`stageline.run_id` = 'raced'")
    assert [run.info.run_id for run in left] == list(kept)


def test_a_run_stays_open_until_it_is_finished(tracking, client):
    made = tracking.ensure(dag_run("open"))
    with tracking.resume(made):
        log_values({"mean_absolute_error": 1.5}, dag_run("open"))
    assert client.get_run(made).info.status == "RUNNING"
    tracking.finish(made, succeeded=False)
    assert client.get_run(made).info.status == "FAILED"
    with tracking.resume(made):
        pass
    tracking.finish(made, succeeded=True)
    assert client.get_run(made).info.status == "FINISHED"


def test_logging_twice_changes_nothing(tracking, client):
    run = dag_run("twice")
    made = tracking.ensure(run)
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [1.0, 2.0]})
    for _ in range(2):
        with tracking.resume(made):
            log_values({"r2_score": 0.5}, run)
            log_parameters({"seed": 0})
            log_texts({"report.html": "<p>hi</p>", "plots/kpi.svg": "<svg/>"})
            log_dataset(
                frame, name="bikes", source="tables", target="y", digest="sha256:" + "a" * 64, context="training"
            )
    assert len(client.get_metric_history(made, "r2_score")) == 1
    assert len(client.get_run(made).inputs.dataset_inputs) == 1
    assert {artifact.path for artifact in client.list_artifacts(made)} == {"report.html", "plots"}


def test_a_model_logged_again_replaces_the_one_before(tracking, client, tmp_path):
    from sklearn.linear_model import Ridge

    made = tracking.ensure(dag_run("model"))
    features = pd.DataFrame({"x": np.arange(20.0)})
    model = Ridge().fit(features, features["x"])
    for _ in range(2):
        with tracking.resume(made) as active:
            card = log_model(active, made, model, features, model.predict(features), types=())
    experiment = client.get_experiment_by_name("bikes").experiment_id
    kept = client.search_logged_models([experiment], f"source_run_id = '{made}'")
    assert [each.model_id for each in kept] == [card.model_id]
    with tracking.resume(made):
        assert fetch_file(card.uri, tmp_path).name == "model.skops"
        with pytest.raises(ArtifactError, match="train again"):
            fetch_file(card.uri.replace("model.skops", "gone.skops"), tmp_path)


def test_description_and_tags(tracking, client):
    made = tracking.ensure(dag_run("noted"))
    tracking.note(made, "| step |", {"stageline.quality": "passed"})
    tags = client.get_run(made).data.tags
    assert (tags["mlflow.note.content"], tags["stageline.quality"]) == ("| step |", "passed")


def test_addresses_are_quoted_and_absent_without_a_server(tracking):
    shown = Tracking("http://mlflow:5000", ui="https://ml.example.com/")
    assert shown.run_url("abc", "7") == "https://ml.example.com/#/experiments/7/runs/abc"
    assert shown.run_url("abc", "7", "a b.html").endswith("/runs/abc/artifacts/a%20b.html")
    assert tracking.run_url("abc", "7") is None


def test_a_deleted_experiment_is_named(tracking, client):
    tracking.ensure(dag_run(pipeline="dropped"))
    client.delete_experiment(client.get_experiment_by_name("dropped").experiment_id)
    with pytest.raises(TrackingError, match=r"experiment 'dropped'.*is deleted"):
        tracking.ensure(dag_run("later", pipeline="dropped"))


def test_a_dead_server_is_named_without_its_password(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(TrackingError) as error:
        Tracking(f"http://dana:hunter2@127.0.0.1:{port}").ensure(dag_run())
    assert f"127.0.0.1:{port}" in str(error.value)
    assert "is the server up" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_a_file_that_is_no_database(tmp_path):
    file = Path(tmp_path, "mlflow.db")
    file.write_text("not a database, but long enough to be looked at as one " * 40, encoding="utf-8")
    with pytest.raises(TrackingError, match=r"mlflow\.db"):
        Tracking(f"sqlite:///{file}").find(dag_run())
