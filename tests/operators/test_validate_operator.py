"""The step `validate` on what training left in MLflow."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import mlflow.sklearn
import pytest
from hostile_model import write_hostile
from operator_fixtures import point_at
from pilot_moments import Shelf, leave_empty, take
from pilot_project import write_days
from production_project import production
from sklearn.linear_model import Ridge
from small_project import write_spec

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ModelValidationOperator,
    TrainOperator,
)
from stageline.operators.failure import GateFailed
from stageline.operators.gate import GateOperator
from stageline.training.model_file import digest_file

# What leads to its moments is done once, in one worker.
pytestmark = pytest.mark.xdist_group("validate")


def validate(execute, **kwargs):
    operator = ModelValidationOperator(task_id="validate", pipeline="small", mode="enabled")
    return execute(operator, **kwargs)


def _trained(stores, execute):
    take(execute, DataQualityOperator, FeatureSnapshotOperator, TrainOperator)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, mlflow_database):
    ways = {"empty": leave_empty, "trained": _trained}
    return Shelf.make(tmp_path_factory.mktemp("validated"), mlflow_database, ways)


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    shelf.go_to("empty", None)
    return shelf.stores


@pytest.fixture
def trained(shelf, stores, execute):
    shelf.go_to("trained", execute)
    return stores.records("train")[-1].evidence["evidence"]


def path_of(stores, uri):
    """Return where a URI of MLflow is on this disk."""
    if uri.startswith("runs:/"):
        run, _, path = uri.removeprefix("runs:/").partition("/")
        uri = f"{stores.mlflow().get_run(run).info.artifact_uri}/{path}"
    return Path(unquote(urlsplit(uri).path))


def checks_of(stores):
    return {check["name"]: check for check in stores.records("validate")[-1].evidence["checks"]}


def test_what_was_trained_is_validated(stores, execute, trained):
    assert trained["example"]["rows"] == 100
    assert set(trained["libraries"]) == {"python", "numpy", "pandas", "scikit-learn", "skops"}

    assert validate(execute)["verdict"] == "passed"

    checks = checks_of(stores)
    assert {name: check["message"] for name, check in checks.items() if check["verdict"] != "passed"} == {}
    assert [check["code"] for check in checks.values()] == [
        "SL-V001", "SL-V002", "SL-V003", "SL-V005", "SL-V004", "SL-V006", "SL-V007",
        "SL-V008", "SL-V008", "SL-V008", "SL-V008", "SL-V009", "SL-V010", "SL-V011",
    ]  # fmt: skip
    assert checks["recorded_predictions"]["message"] == (
        "the recorded predictions on 100 of 160 training rows come out again"
    )
    assert re.fullmatch(
        r"in a clean process the recorded predictions on 100 of 160 training rows come out again; one row takes .* ms "
        r"\(median\), .* ms \(99th percentile of 300 calls\); the process took \d+ MB at most, \d+ MB of them before it "
        r"loaded the model",
        stores.records("validate")[-1].sentence,
    )
    evidence = stores.records("validate")[-1].evidence["evidence"]
    assert evidence["model_digest"] == trained["model"]["digest"]
    (run,) = stores.mlflow_runs()
    assert run.data.metrics["validation_latency"] == checks["latency"]["value"]
    assert run.data.metrics["validation_memory"] == checks["memory"]["value"]
    assert run.data.metrics["validation_size"] == trained["model"]["size_bytes"]


def test_a_cleared_task_measures_anew(stores, execute, trained):
    validate(execute, try_number=1)
    validate(execute, try_number=1)
    assert len(stores.records("validate")) == 1
    validate(execute, try_number=2)
    assert len(stores.records("validate")) == 2


def test_limits_come_from_the_spec(stores, execute):
    write_spec(stores.project, gates="{max_latency_ms: 0.0001, max_memory_mb: 60000}")
    for step in (DataQualityOperator, FeatureSnapshotOperator, TrainOperator):
        execute(step)
    with pytest.raises(GateFailed, match=r"validate failed: one row takes .* allowed are 0.0001 ms"):
        validate(execute)
    assert checks_of(stores)["memory"]["severity"] == "critical"


@pytest.mark.parametrize(
    ("costs", "verdict", "code"),
    [
        (None, "passed", []),
        ("{cost_centre: mobility}", "passed", []),
        ("{max_per_1000: 100000000}", "passed", ["SL-C001"]),
        ("{max_per_1000: 0.0001}", "warned", ["SL-C001"]),
    ],
)
def test_a_limit_of_the_cost_is_held_where_it_is_said(stores, execute, trained, costs, verdict, code):
    execute(EvaluateOperator)
    if costs:
        write_spec(stores.project, costs=costs)
    assert validate(execute)["verdict"] == verdict
    found = [check for check in stores.records("validate")[-1].evidence["checks"] if check["code"] == "SL-C001"]
    assert [check["code"] for check in found] == code
    if verdict == "warned":
        assert "> costs.max_per_1000 = USD 0.0001" in stores.records("validate")[-1].sentence


def test_in_production_a_candidate_that_is_too_expensive_goes_no_further(stores, execute):
    write_days(stores.project, 30)
    write_spec(stores.project, **production(costs="{max_per_1000: 0.0001}"))
    for step in (DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator):
        execute(step)
    with pytest.raises(GateFailed, match=r"validate failed: 1,000 predictions cost USD .* > costs.max_per_1000"):
        validate(execute)


def test_a_limit_needs_an_evaluation(stores, execute, trained):
    write_spec(stores.project, costs="{max_per_1000: 1}")
    with pytest.raises(GateFailed, match="needs the step 'evaluate'"):
        validate(execute)


def refusal(execute, **kwargs):
    with pytest.raises(GateFailed) as stopped:
        validate(execute, **kwargs)
    return str(stopped.value)


def test_an_edited_list_of_trusted_types_has_no_effect(stores, execute, trained, tmp_path):
    model = path_of(stores, trained["model"]["uri"])
    marker = tmp_path / "marker"
    write_hostile(model, marker)
    declaration = model.parent / "MLmodel"
    text = declaration.read_text("utf-8")
    assert "skops_trusted_types:" in text
    declaration.write_text(
        text.replace("skops_trusted_types:", "skops_trusted_types:\n    - posix.system"), encoding="utf-8"
    )
    assert "it was cut short or replaced" in refusal(execute)

    # The same where training itself recorded the digest of that file.
    assert "types nobody trusts: posix.system; it was not loaded, whatever the list beside it in MLflow says" in (
        refusal_of_recorded(execute, digest=digest_file(model), size=model.stat().st_size)
    )
    assert not marker.exists()

    # MLflow itself believes that list.
    mlflow.sklearn.load_model(str(model.parent))
    assert marker.exists()


def refusal_of_recorded(execute, *, digest, size):
    class Rewritten(ModelValidationOperator):
        """Takes the record of training for one that names another file."""

        def check(self, run):
            evidence = dict(run.evidence("train"))
            evidence["model"] = {**evidence["model"], "digest": digest, "size_bytes": size}

            class Run:
                def __getattr__(self, name):
                    return getattr(run, name)

                def evidence(self, step):
                    return evidence if step == "train" else run.evidence(step)

            return super().check(Run())

    with pytest.raises(GateFailed) as stopped:
        execute(Rewritten(task_id="validate", pipeline="small", mode="enabled"), try_number=2)
    return str(stopped.value)


def test_a_file_that_was_cut_short_is_refused(stores, execute, trained):
    model = path_of(stores, trained["model"]["uri"])
    model.write_bytes(model.read_bytes()[:1_000])
    assert f"cut short or replaced: 1,000 of {trained['model']['size_bytes']:,} bytes" in refusal(execute)


def test_a_recorded_example_that_was_edited_is_refused(stores, execute, trained):
    example = path_of(stores, trained["example"]["uri"])
    example.write_text(example.read_text("utf-8").replace('"of":160', '"of":161'), encoding="utf-8")
    assert "the recorded example has digest sha256:" in refusal(execute)


def test_a_recorded_example_that_is_gone_is_refused(stores, execute, trained):
    path_of(stores, trained["example"]["uri"]).unlink()
    assert f"'{trained['example']['uri']}' is not in MLflow" in refusal(execute)


def test_a_training_of_an_earlier_version_has_to_be_done_again(stores, execute, monkeypatch):
    class Earlier(TrainOperator):
        def _log(self, *args, **kwargs):
            evidence = super()._log(*args, **kwargs)
            return {name: value for name, value in evidence.items() if name not in ("example", "libraries")}

    for step in (DataQualityOperator, FeatureSnapshotOperator, Earlier):
        execute(step)
    assert "training recorded no example of the model's predictions" in refusal(execute)


def test_without_training_there_is_nothing_to_validate(execute):
    assert "task 'validate' needs the step 'train', which left no record" in refusal(execute)


def test_values_of_private_columns_stand_in_no_check(stores, execute):
    write_spec(stores.project, source="{uri: data/small.csv, private: [colour]}")

    def refuses_unseen(rows, spec):
        from sklearn.compose import ColumnTransformer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder

        # Raises on a category it never saw, with the category in its words.
        encoder = ColumnTransformer([("texts", OneHotEncoder(), list(rows.categorical))])
        return make_pipeline(encoder, Ridge()).fit(rows.features, rows.target)

    for step in (DataQualityOperator, FeatureSnapshotOperator):
        execute(step)
    execute(TrainOperator(task_id="train", pipeline="small", training_function=refuses_unseen))
    said = refusal(execute)
    assert said.startswith("validate failed: all null: predict raised ValueError; a row like this will come one day")
    assert "stageline: a category" not in str(checks_of(stores))


def test_the_operator_is_a_gate():
    assert issubclass(ModelValidationOperator, GateOperator)
    assert ModelValidationOperator.step == "validate"
