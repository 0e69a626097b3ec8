"""A whole run, step by step: what it records, shows and returns, once and twice."""

import json
import re
from pathlib import Path

import pytest

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ReportOperator,
    TrainOperator,
)

STEPS = (DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReportOperator)


def test_a_run_twice_leaves_everything_once(stores, execute):
    first = [execute(step) for step in STEPS]

    assert [result["verdict"] for result in first] == ["passed", "passed", "passed", "warned", "warned"]
    assert [result["record"] for result in first] == [1, 2, 3, 4, 5]
    assert all(set(result) == {"verdict", "sentence", "record"} for result in first)
    assert max(len(json.dumps(result)) for result in first) < 1_000

    assert [execute(step, try_number=2) for step in STEPS] == first
    assert [record.step for record in stores.records()] == [step.step for step in STEPS]
    assert len(stores.mlflow_runs()) == len(stores.logged_models()) == stores.snapshots() == 1
    with stores.ledger() as ledger:
        assert ledger.verify() == []


def test_mlflow_shows_the_run(stores, execute):
    for step in STEPS:
        execute(step)

    (run,) = stores.mlflow_runs()
    evaluated = stores.records("evaluate")[0]
    assert run.info.status == "FINISHED"
    assert run.data.tags["stageline.evaluate"] == f"warned: {evaluated.sentence}"
    assert run.data.tags["stageline.dag_id"] == "small"
    assert all(f"| {step.step} | **" in run.data.tags["mlflow.note.content"] for step in STEPS)
    assert run.data.params["estimator"] == "sklearn.linear_model.Ridge"
    assert "report.html" in [file.path for file in stores.mlflow().list_artifacts(run.info.run_id)]
    # What the run cost, by what its steps before the report and the report itself were metered to take.
    assert 0 < run.data.metrics["costs/run"] < 0.10
    path = stores.mlflow().download_artifacts(run.info.run_id, "report.html")
    assert re.search(r"This run cost USD [\d.e-]+: its 5 steps took", Path(path).read_text("utf-8"))


def test_another_run_has_a_run_of_its_own_and_the_same_snapshot(stores, execute):
    for run_id in ("run-1", "run-2"):
        for step in STEPS[:4]:
            execute(step, run_id=run_id)

    assert len(stores.mlflow_runs()) == len(stores.logged_models()) == 2
    assert stores.snapshots() == 1
    assert [record.evidence["evidence"]["same_as"] for record in stores.records("evaluate")] == [None, "run-1"]


@pytest.mark.parametrize("ui", ["", "https://mlflow.example.com/"])
def test_links(stores, execute, monkeypatch, ui):
    monkeypatch.setenv("AIRFLOW__STAGELINE__MLFLOW_UI_URL", ui)
    operator = DataQualityOperator(task_id="quality", pipeline="small")
    execute(operator)

    (run,) = stores.mlflow_runs()
    links = {link.name: link.get_link(operator, ti_key=None) for link in operator.operator_extra_links}
    page = f"https://mlflow.example.com/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    expected = {"MLflow run": page, "Report": f"{page}/artifacts/quality.html"}
    assert links == (expected if ui else {"MLflow run": "", "Report": ""})


def test_names_as_long_as_airflow_allows(stores, execute):
    operator = DataQualityOperator(task_id="t" * 250, pipeline="small")

    execute(operator, dag_id="d" * 250, run_id="r" * 250)

    assert len(stores.records()) == 1
