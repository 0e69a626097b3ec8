"""`stageline rollback` and `stageline verify`, on a ledger that knows three releases."""

import pytest
from cli_process import call as call_clean
from pilot_project import PILOT
from small_project import write_project, write_spec

from stageline.ledger import Entry, Ledger, ModelVersion


def call(project, *arguments):
    """Run the command while MLflow is away."""
    return call_clean(project, *arguments, AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI="http://127.0.0.1:1")


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def released(project):
    with Ledger.open(f"sqlite:///{project / '.airflow/stageline/ledger.db'}") as ledger:
        for version in (1, 2, 3):
            entry = Entry(
                pipeline="small", step="release", verdict="passed", sentence=f"version {version}", stage="pilot",
                mode="enabled", dag_id="small.train", run_id=f"r{version}", task_id="release",
                idempotency_key=f"k{version}", spec_digest="", package_version="",
            )  # fmt: skip
            model = ModelVersion(
                version=version, uri="file:///m", digest=f"sha256:{version}", mlflow_run="r", snapshot=0, dag_run="d/r"
            )
            ledger.promote(entry, model, expected=version - 1)
    return project


def test_a_rollback_says_what_it_did_although_mlflow_is_away(released):
    done = call(released, "rollback", "small", "--reason", "complaints")

    assert done.code == 0, done.err
    assert "small: version 2 is the champion again, instead of 3; recorded as #4" in done.out
    assert "MLflow's alias lags behind" in done.out
    done = call(released, "rollback", "small", "--to", "1")
    assert "version 1 is the champion again, instead of 2" in done.out
    listed = call(released, "history", "small")
    assert "rollback" in listed.out
    assert "complaints" in listed.out


def test_a_rollback_to_no_champion_is_refused(released):
    done = call(released, "rollback", "small", "--to", "9")
    assert (done.code, done.err) == (
        1,
        "error: pipeline 'small' cannot be rolled back to version 9: it was no champion before this one; these were: 1, 2\n",
    )


def test_history_says_who_released_what_why_and_on_what(released):
    call(released, "rollback", "small", "--reason", "complaints")
    shown = call(released, "history", "small", "--releases").out
    assert "small: version 2 is in use (generation 4)" in shown
    assert "version 1 released, the first  (generation 1, #1)" in shown
    assert "version 3 released, in the place of 2  (generation 3, #3)" in shown
    assert "rolled back to version 2 from 3  (generation 4, #4)" in shown
    assert shown.index("rolled back") < shown.index("why       complaints")
    assert "by        the schedule, small.train/r3" in shown
    assert "model     sha256:3…, snapshot 0; MLflow run r of d/r" in shown


def test_history_without_a_release_says_so(project):
    with Ledger.open(f"sqlite:///{project / '.airflow/stageline/ledger.db'}") as ledger:
        ledger.append(
            Entry(
                pipeline="small", step="train", verdict="passed", sentence="trained", stage="pilot", mode="enabled",
                dag_id="small.train", run_id="r", task_id="train", idempotency_key="k", spec_digest="",
                package_version="",
            )
        )  # fmt: skip
    assert "nothing was released yet" in call(project, "history", "--releases").out


def test_verify_says_what_it_could_not_ask(released):
    # Asked once: how long MLflow's own client tries is not what is shown.
    done = call_clean(
        released, "verify", "small",
        AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI="http://127.0.0.1:1", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
    )  # fmt: skip
    assert done.code == 1
    assert "MLflow at http://127.0.0.1:1" in done.err


def test_verify_refuses_what_it_does_not_know(released):
    done = call(released, "verify", "smal")
    assert (done.code, done.err) == (1, "error: the ledger knows no pipeline 'smal'; it knows: small\n")


def test_an_endpoint_is_told_of_a_rollback_and_what_keeps_it_is_said(released):
    endpoint = (
        "{endpoint: e, region: eu-central-1, role: 'arn:aws:iam::123456789012:role/r', image: i, "
        "archives: 's3://bucket/a', champion: {instance_type: ml.m5.large}}"
    )
    release = f"{{target: sagemaker, approvers: [model], sagemaker: {endpoint}}}"
    write_spec(released, **{**PILOT, "release": release})
    done = call_clean(
        released, "rollback", "small",
        AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI="http://127.0.0.1:1", AWS_EC2_METADATA_DISABLED="true",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "version 2 is the champion again" in done.out
    assert "the target follows: " in done.out
    assert "no usable credentials" in done.out


def test_a_rollback_needs_no_spec(released):
    (released / "config/pipelines/small.yaml").write_text("pipeline: [", encoding="utf-8")
    done = call(released, "rollback", "small")
    assert (done.code, "version 2 is the champion again" in done.out) == (0, True)
