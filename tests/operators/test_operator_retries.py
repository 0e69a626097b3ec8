"""Cleared tasks, changed code and two live copies of one task."""

import importlib.util
import sys

import pytest
from small_project import write_rows, write_spec

from stageline.operators import DataQualityOperator, EvaluateOperator, FeatureSnapshotOperator, TrainOperator
from stageline.verdicts import Check, Report, Verdict

CODE = """\
from sklearn.linear_model import Lasso
from stageline.operators import DataQualityOperator, EvaluateOperator


class OwnQuality(DataQualityOperator):
    limit = 1


class OwnEvaluate(EvaluateOperator):
    limit = 1


def lasso(rows, spec):
    frame = rows.features[list(rows.numeric)].fillna(0)
    return Lasso(alpha=ALPHA).fit(frame, rows.target)
"""


@pytest.fixture
def own_code(tmp_path):
    """Return a function that loads the user's code as Airflow does a DAG file, edited as told."""
    path = tmp_path / "own_code.py"
    name = f"unusual_prefix_{'0' * 40}_own_code"

    def load(**edits):
        text = CODE.replace("ALPHA", "0.1")
        for old, new in edits.values():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop(name, None)


def test_an_operator_of_the_users_own_runs_again_when_its_code_changed(stores, execute, own_code):
    for edits in ({}, {}, {"limit": ("limit = 1", "limit = 2")}):
        execute(own_code(**edits).OwnQuality)
    assert len(stores.records()) == 2


def test_judging_again_replaces_the_metrics(stores, execute, own_code):
    for step in (FeatureSnapshotOperator, TrainOperator):
        execute(step)
    for edits in ({}, {"limit": ("limit = 1", "limit = 2")}):
        execute(own_code(**edits).OwnEvaluate)

    first, second = (record.evidence["evidence"]["latency"]["single_ms"] for record in stores.records("evaluate"))
    assert first != second
    (run,) = stores.mlflow_runs()
    assert run.data.metrics["latency_ms_single"] == second


def train(function):
    return TrainOperator(task_id="train", pipeline="small", training_function=function)


def test_a_training_function_is_part_of_the_result(stores, execute, own_code, monkeypatch):
    write_spec(stores.project, features="{exclude: [colour]}")
    execute(FeatureSnapshotOperator)
    for edits in ({}, {}, {"alpha": ("alpha=0.1", "alpha=5.0")}):
        execute(train(own_code(**edits).lasso), try_number=2)

    first, second = stores.records("train")
    assert first.sentence.startswith("lasso fitted on 160 rows")
    assert first.evidence["evidence"]["estimator"] == "own_code.lasso"
    assert first.evidence["evidence"]["model"]["digest"] != second.evidence["evidence"]["model"]["digest"]
    # Only the newest model of a run is kept in MLflow, and the run's parameters are those of the function.
    assert [model.model_id for model in stores.logged_models()] == [second.evidence["evidence"]["model"]["id"]]
    (run,) = stores.mlflow_runs()
    assert run.data.params["estimator"] == "own_code.lasso"


def test_training_again_on_another_spec_gets_a_fresh_mlflow_run(stores, execute):
    for alpha in (1.0, 2.0):
        write_spec(stores.project, train=f"{{estimator: sklearn.linear_model.Ridge, params: {{alpha: {alpha}}}}}")
        for step in (DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator):
            execute(step)

    (run,) = stores.mlflow_runs()
    assert run.data.params["params.alpha"] == "2.0"
    assert run.data.tags["stageline.quality"].startswith("passed")
    assert "mean_absolute_error" in run.data.metrics
    (model,) = stores.logged_models()
    assert model.model_id == stores.records("train")[-1].evidence["evidence"]["model"]["id"]


def test_training_again_on_other_data_names_the_new_snapshot(stores, execute):
    for shift in (0, 1):
        write_rows(stores.project, shift=shift)
        for step in (DataQualityOperator, FeatureSnapshotOperator, TrainOperator):
            execute(step)

    assert stores.snapshots() == 2
    (run,) = stores.mlflow_runs()
    assert run.data.params["snapshot_version"] == "1"


def test_the_copy_that_records_first_counts(stores, execute):
    class Copies(DataQualityOperator):
        """Its first check is overtaken by a second live copy of the task."""

        checks = 0

        def check(self, run):
            Copies.checks += 1
            number = Copies.checks
            if number == 1:
                execute(Copies)
            check = Check(code="SL-X001", name="copy", verdict=Verdict.PASSED, message=f"copy {number}")
            return Report(step=self.step, checks=(check,), sentence=f"copy {number}")

    assert execute(Copies)["sentence"] == "copy 2"
    assert [record.sentence for record in stores.records()] == ["copy 2"]
    assert len(stores.mlflow_runs()) == 1
