"""What stops a run, what does not, and that it is recorded first."""

import socket

import pytest
from airflow.sdk.exceptions import AirflowFailException
from small_project import write_rows, write_spec

from stageline.exceptions import LedgerError, TrackingError
from stageline.operators import DataQualityOperator, FeatureSnapshotOperator, GateFailed, TrainOperator

TOO_SMALL = "[{type: expect_column_values_to_be_between, column: x, max_value: 5, severity: critical}]"


def quality(mode=None):
    return DataQualityOperator(task_id="quality", pipeline="small", mode=mode)


def test_airflow_does_not_retry_a_failed_gate():
    assert issubclass(GateFailed, AirflowFailException)


def test_a_failed_gate_is_recorded_before_it_is_raised(stores, execute):
    write_spec(stores.project, quality=TOO_SMALL)

    with pytest.raises(GateFailed, match=r"quality failed: x: 194 of 200 values .* above 5"):
        execute(quality(mode="enabled"))

    (record,) = stores.records()
    assert (record.verdict, record.mode) == ("failed", "enabled")
    (run,) = stores.mlflow_runs()
    assert run.info.status == "FAILED"
    assert run.data.tags["stageline.quality"].startswith("failed: ")


@pytest.mark.parametrize("mode", [None, "dry_run"])
def test_a_dry_run_goes_on(stores, execute, mode):
    write_spec(stores.project, quality=TOO_SMALL)

    assert execute(quality(mode))["verdict"] == "failed"

    (record,) = stores.records()
    assert record.mode == "dry_run"
    (run,) = stores.mlflow_runs()
    assert "**failed (dry run)**" in run.data.tags["mlflow.note.content"]
    assert run.info.status == "RUNNING"


def test_an_unknown_mode_is_refused(stores, execute):
    with pytest.raises(GateFailed, match="task 'quality': mode is 'dry-run'; allowed: enabled, dry_run"):
        execute(quality(mode="dry-run"))
    assert [record.verdict for record in stores.records()] == ["errored"]


def test_a_refused_input_leaves_only_its_record(stores, execute):
    (stores.project / "data/small.csv").write_text("x,colour,y\n", encoding="utf-8")

    with pytest.raises(GateFailed, match="but no rows"):
        execute(quality())

    (record,) = stores.records()
    assert record.verdict == "errored"
    assert "but no rows" in record.sentence
    assert stores.mlflow_runs() == []
    assert stores.snapshots() == 0


def test_a_mended_input_is_tried_again(stores, execute):
    data = stores.project / "data/small.csv"
    good = data.read_bytes()
    data.write_bytes(b"")
    for _ in range(2):
        with pytest.raises(GateFailed, match=r"the file is empty"):
            execute(quality())
    data.write_bytes(good)

    execute(quality(), try_number=2)

    assert [record.verdict for record in stores.records()] == ["errored", "passed"]


def test_a_source_that_changed_after_its_check_is_refused(stores, execute):
    execute(DataQualityOperator)
    write_rows(stores.project, shift=1)

    with pytest.raises(
        GateFailed, match=r"changed since its quality was checked in this run.*clear the step 'quality'"
    ):
        execute(FeatureSnapshotOperator)
    assert stores.snapshots() == 0
    assert [record.verdict for record in stores.records()] == ["passed", "errored"]
    # An earlier step had opened the MLflow run, so it says why it ended.
    (run,) = stores.mlflow_runs()
    assert run.info.status == "FAILED"
    assert "changed since" in run.data.tags["stageline.features"]

    execute(DataQualityOperator, try_number=2)
    execute(FeatureSnapshotOperator, try_number=2)
    assert stores.snapshots() == 1


def test_a_missing_step_is_named(stores, execute):
    with pytest.raises(GateFailed, match="task 'train' needs the step 'features', which left no record in run 'run-1'"):
        execute(TrainOperator)
    assert [record.verdict for record in stores.records()] == ["errored"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stage": "pock"}, "config/pipelines/small.yaml:.*stage: found 'pock'"),
        ({"pipeline": "tiny"}, "config/pipelines/small.yaml:.*found 'tiny'"),
    ],
)
def test_a_broken_spec_stops_the_task_without_a_retry(stores, execute, change, sentence):
    write_spec(stores.project, **change)
    with pytest.raises(GateFailed, match=sentence):
        execute(quality())


def test_an_unknown_pipeline_is_refused_with_the_nearest_name(stores, execute):
    with pytest.raises(GateFailed, match=r"no pipeline 'smal'.*did you mean 'small'"):
        execute(DataQualityOperator(task_id="quality", pipeline="smal"))


@pytest.fixture
def dead_mlflow(monkeypatch) -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return address


def test_an_mlflow_that_is_down_is_worth_a_retry(stores, execute, dead_mlflow):
    with pytest.raises(TrackingError, match=rf"MLflow at {dead_mlflow}: .*is the server up"):
        execute(quality())
    assert [record.verdict for record in stores.records()] == ["passed"]


def test_a_refusal_is_final_even_while_mlflow_is_down(stores, execute, dead_mlflow):
    (stores.project / "data/small.csv").unlink()
    with pytest.raises(GateFailed, match=r"there is no such file"):
        execute(quality())
    assert [record.verdict for record in stores.records()] == ["errored"]


def test_a_ledger_that_cannot_be_written_is_worth_a_retry(stores, execute, tmp_path, monkeypatch):
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, this is not a database. " * 50, encoding="utf-8")
    monkeypatch.setenv("AIRFLOW__STAGELINE__LEDGER", f"sqlite:///{tmp_path / 'letter.db'}")
    with pytest.raises(LedgerError, match="not a database"):
        execute(quality())
    assert stores.mlflow_runs() == []
