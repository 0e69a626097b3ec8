"""MLflow that is away, refuses, or holds what an earlier try left behind."""

import os
import socket
import traceback
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from forking import FORKSERVER

from stageline.exceptions import ArtifactError, TrackingError
from stageline.tracking import DagRun, Tracking, fetch_file, log_model, log_values
from stageline.tracking import runs as runs_module

pytestmark = pytest.mark.xdist_group("mlflow_runs")
AFTER = datetime(2026, 3, 21, 6, tzinfo=UTC)


def dag_run(run_id="manual__1", pipeline="trams"):
    return DagRun(pipeline, pipeline, run_id, AFTER)


@pytest.fixture(scope="module")
def tracking(home):
    made = Tracking(f"sqlite:///{home / 'mlflow.db'}", artifacts=home / "artifacts")
    made.ensure(dag_run("warm up"))
    return made


@pytest.fixture(scope="module")
def client(home, tracking):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{home / 'mlflow.db'}")


@pytest.fixture
def closed_port(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    "address",
    ["http://dana:hunter2@127.0.0.1:{}", "postgresql+psycopg://dana:hunter2@127.0.0.1:{}/mlflow?password=hunter2"],
)
def test_no_password_is_told_in_an_error_or_its_causes(closed_port, address):
    with pytest.raises(TrackingError) as error:
        Tracking(address.format(closed_port)).find(dag_run())
    said = "".join(traceback.format_exception(error.value))
    assert f"127.0.0.1:{closed_port}" in str(error.value)
    assert "is the server up, and is [stageline] mlflow_tracking_uri right?" in str(error.value)
    assert "hunter2" not in said


def test_a_dead_database_is_not_asked_ten_times_over(closed_port, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("MLflow's own retries began"))
    with pytest.raises(TrackingError, match=f"127.0.0.1:{closed_port}"):
        Tracking(f"postgresql+psycopg://127.0.0.1:{closed_port}/mlflow").ensure(dag_run())


def test_calls_are_bounded_but_a_bound_of_ones_own_stays(monkeypatch, tracking):
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    tracking.find(dag_run())
    bounds = os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"], os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"]
    assert bounds == ("3", "77")
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_an_address_that_mlflow_does_not_know_is_named():
    with pytest.raises(TrackingError, match=r"^MLflow at ftp://example: .*unsupported URI"):
        Tracking("ftp://dana:hunter2@example").find(dag_run())


def test_a_store_that_answers_is_not_called_away(tracking):
    with pytest.raises(TrackingError) as error:
        tracking.note("f" * 32, "text", {})
    assert "not found" in str(error.value)
    assert "is the server up" not in str(error.value)


def test_a_run_that_was_deleted_is_not_worth_a_retry(tracking, client):
    made = tracking.ensure(dag_run("deleted"))
    client.delete_run(made)
    with pytest.raises(ArtifactError, match=rf"MLflow's run '{made}' was deleted; restore it .*, or train again"):
        tracking.resume(made).__enter__()
    client.restore_run(made)
    with tracking.resume(made) as active:
        assert active.get_run(made).info.status == "RUNNING"
    with pytest.raises(ArtifactError, match=f"MLflow has no run '{'f' * 32}': it was deleted for good; train again"):
        tracking.resume("f" * 32).__enter__()


def test_a_run_that_a_dead_process_left_is_passed_over(tracking, client, monkeypatch):
    monkeypatch.setattr(runs_module, "_DEAD_AFTER_SECONDS", 0.0)
    run = dag_run("left behind")
    experiment = client.get_experiment_by_name("trams").experiment_id
    left = client.create_run(experiment, tags={"stageline.dag_run_key": runs_module._key(run)}).info.run_id
    assert tracking.find(run) == left
    assert tracking.ensure(run) == left


def test_a_relative_folder_of_artifacts_will_do(tmp_path, home, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    relative = Tracking(f"sqlite:///{home / 'mlflow.db'}", artifacts=Path("artifacts"))
    made = relative.ensure(dag_run(pipeline="relative"))
    assert relative.artifact_uri(made).startswith((tmp_path / "artifacts" / "relative").as_uri())


def _race(uri, barrier, found, rounds):
    tracking = Tracking(uri)
    tracking.find(dag_run())
    for number in range(rounds):
        barrier.wait(timeout=60)
        found.put((number, tracking.ensure(dag_run(f"race {number}"))))


def test_two_that_race_again_and_again_agree_every_time(home, tracking):
    rounds = 8
    barrier, found = FORKSERVER.Barrier(2), FORKSERVER.Queue()
    arguments = (f"sqlite:///{home / 'mlflow.db'}", barrier, found, rounds)
    racers = [FORKSERVER.Process(target=_race, args=arguments) for _ in range(2)]
    for racer in racers:
        racer.start()
    kept = {number: set() for number in range(rounds)}
    for _ in range(2 * rounds):
        number, run = found.get(timeout=120)
        kept[number].add(run)
    for racer in racers:
        racer.join()
    assert all(len(each) == 1 for each in kept.values()), kept


def test_a_metric_that_changed_shows_its_last_value_not_its_largest(tracking, client):
    run = dag_run("metrics")
    made = tracking.ensure(run)
    for value in (3.0, 2.0, 2.0, 2.5):
        with tracking.resume(made):
            log_values({"mean_absolute_error": value, "r2_score": float("nan"), "max_error": float("inf")}, run)
    assert client.get_run(made).data.metrics == {"mean_absolute_error": 2.5}
    assert [metric.value for metric in client.get_metric_history(made, "mean_absolute_error")] == [3.0, 2.0, 2.5]


def test_a_model_of_the_users_own_stays_when_ours_is_replaced(tracking, client):
    import mlflow
    from sklearn.linear_model import Ridge

    made = tracking.ensure(dag_run("models"))
    features = pd.DataFrame({"x": np.arange(20.0)})
    model = Ridge().fit(features, features["x"])
    with tracking.resume(made) as active:
        mlflow.create_external_model(name="teacher", source_run_id=made)
        for _ in range(2):
            log_model(active, made, model, features, model.predict(features), types=())
    experiment = client.get_experiment_by_name("trams").experiment_id
    kept = client.search_logged_models([experiment], f"source_run_id = '{made}'")
    assert sorted(each.name for each in kept) == ["model", "teacher"]


@pytest.mark.parametrize(
    "uri", ["runs:/{run}/gone.skops", "runs:/" + "f" * 32 + "/x", "{home}/gone", "file://{home}/gone"]
)
def test_an_artifact_that_is_not_there_asks_for_a_new_training(tracking, home, tmp_path, uri):
    made = tracking.ensure(dag_run("artifacts"))
    with tracking.resume(made), pytest.raises(ArtifactError, match=r"is not in MLflow: .*; train again") as error:
        fetch_file(uri.format(run=made, home=home), tmp_path)
    assert "\n" not in str(error.value)


def test_an_artifact_store_that_is_away_is_an_outage(closed_port, tmp_path):
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"http://dana:hunter2@127.0.0.1:{closed_port}")
    try:
        with pytest.raises(TrackingError, match="cannot be fetched from MLflow") as error:
            fetch_file(f"runs:/{'f' * 32}/model.skops", tmp_path)
    finally:
        mlflow.set_tracking_uri(before)
    assert "hunter2" not in "".join(traceback.format_exception(error.value))
