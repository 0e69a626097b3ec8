"""What a newcomer does, on real data: an empty folder, three commands, a model that is judged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from stageline.costs import default_prices
from stageline.costs.metering import cost_of

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "bike_sharing_hour.csv"

pytestmark = [
    pytest.mark.skipif(not DATA.is_file(), reason="the UCI bike sharing data is not beside the repository"),
    pytest.mark.xdist_group("bike_sharing"),
]


def stageline(project, *arguments):
    """Run the command as a user would, with nothing of this process's Airflow in its environment."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "MLFLOW", "STAGELINE"))
    }
    return subprocess.run(
        [Path(sys.executable).with_name("stageline"), *arguments],
        cwd=project,
        env={**kept, "HOME": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return tmp_path_factory.mktemp("bikes")


@pytest.fixture(scope="module")
def proposed(project):
    return stageline(project, "init", "bikes", "--from", str(DATA), "--target", "cnt", "--event-time", "dteday")


@pytest.fixture(scope="module")
def runs(project, proposed):
    """Run the pipeline twice."""
    return [stageline(project, "run", "bikes") for _ in range(2)]


@pytest.fixture(scope="module")
def records(project, runs):
    """Return the ledger's records of both runs, by run and step."""
    lines = stageline(project, "history", "bikes", "--json").stdout.splitlines()
    found = {}
    for record in map(json.loads, lines):
        found.setdefault(record["run_id"], {})[record["step"]] = record
    return list(found.values())


def test_the_leaking_columns_are_named_and_left_out(project, proposed):
    assert proposed.returncode == 0, proposed.stderr
    assert "Leak: cnt = casual + registered in all 17,379 rows" in proposed.stdout
    text = (project / "config" / "pipelines" / "bikes.yaml").read_text("utf-8")
    assert "    - casual\n" in text
    assert "    - registered\n" in text


def test_the_proposal_is_valid_on_its_own_data(project, proposed):
    checked = stageline(project, "validate", "--data")
    assert checked.returncode == 0, checked.stderr
    assert "17,379 rows" in checked.stdout


def test_one_run_costs_cents_by_what_its_steps_were_metered_to_take(records):
    took = [record["metered"] for record in records[0].values()]
    assert all(each["wall_seconds"] > 0 for each in took)
    assert records[0]["quality"]["metered"]["rows"] == 17_379
    assert records[0]["quality"]["metered"]["bytes_read"] == DATA.stat().st_size
    spent = sum(money.amount for each in took for money in cost_of(each, default_prices()).values())
    assert 0 < spent < 0.10


def test_the_tree_beats_both_baselines_outside_the_interval(runs, records):
    assert runs[0].returncode == 0, runs[0].stdout + runs[0].stderr
    evaluated = records[0]["evaluate"]["evidence"]
    over = {item["over"]: item["estimate"] for item in evaluated["evidence"]["improvements"]}
    assert over["dummy"]["low"] > 0
    assert over["linear"]["low"] > 0
    assert "There is value" in runs[0].stdout


def test_the_second_run_is_the_same_and_says_so(runs, records):
    first, second = records
    digests = [run["features"]["evidence"]["evidence"]["snapshot"] for run in records]
    assert digests[0] == digests[1]
    assert first["evaluate"]["evidence"]["evidence"]["metrics"] == second["evaluate"]["evidence"]["evidence"]["metrics"]
    assert f"the same as in run {first['report']['run_id']}" in runs[1].stdout
    assert "the same as in run" not in runs[0].stdout


def test_the_mlflow_run_holds_dataset_signature_model_plots_and_report(project, records):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{project / '.airflow' / 'stageline' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("bikes")
    found = client.search_runs([experiment.experiment_id])
    assert len(found) == len(records)
    run = found[-1]
    snapshot = records[0]["features"]["evidence"]["evidence"]["snapshot"]
    assert run.info.status == "FINISHED"
    assert [entry.dataset.digest for entry in run.inputs.dataset_inputs] == [snapshot["digest"][7:43]]
    assert run.data.tags["stageline.snapshot_digest"] == snapshot["digest"]
    assert run.data.tags["stageline.stage"] == "poc"
    assert run.data.metrics["mean_absolute_error"] < run.data.metrics["linear_mean_absolute_error"]
    artifacts = Path(run.info.artifact_uri.removeprefix("file://"))
    assert "There is value" in (artifacts / "report.html").read_text("utf-8")
    assert {plot.name for plot in (artifacts / "plots").iterdir()} == {"importance.svg", "kpi.svg", "timeline.svg"}
    models = client.search_logged_models([experiment.experiment_id], f"source_run_id = '{run.info.run_id}'")
    assert len(models) == 1
    folder = Path(models[0].artifact_location.removeprefix("file://"))
    assert (folder / "model.skops").is_file()
    assert (folder / "input_example.json").is_file()
    assert "signature:" in (folder / "MLmodel").read_text("utf-8")
