"""The story that `make demo` tells of a pilot, without Airflow's servers: what its acts conclude, and the rollback."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from operator_fixtures import executing, make_stores, point_at
from own_airflow import ROOT

from stageline.demo.calendar import CALENDARS, write_window
from stageline.operators import (
    DataQualityOperator,
    DriftCheckOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    PerformanceCheckOperator,
    ReferenceProfileOperator,
    ReleaseOperator,
    RollbackOperator,
    ScoreOperator,
    TrainOperator,
)
from stageline.standalone.story import ACTS, NIGHT_BUSES, PIPELINE, SOURCE

pytestmark = pytest.mark.xdist_group("demo_pilot")
TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
    ModelValidationOperator,
)  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory, mlflow_database):
    """Play each act by the same operators, once for all that is told of it."""
    folder = tmp_path_factory.mktemp("told")
    stores, calendars = make_stores(folder, mlflow_database), tmp_path_factory.mktemp("calendars")
    with pytest.MonkeyPatch.context() as patch:
        point_at(stores, patch)
        patch.setenv(CALENDARS, str(calendars))
        # What each column is worth is asked in other tests, and takes as long as all the rest.
        patch.setattr("stageline.evaluation.permutation_importance", lambda *_, **__: {})
        return play(stores, executing(stores), calendars)


def play(stores, execute, calendars):
    spec = (ROOT / f"config/pipelines/{PIPELINE}.yaml").read_text("utf-8")
    name = re.compile(f"^pipeline: {PIPELINE}$", re.MULTILINE)
    (stores.project / "config/pipelines/small.yaml").write_text(name.sub("pipeline: small", spec), encoding="utf-8")
    heads, stopped = [], []
    for number, act in enumerate(ACTS):
        write_window(calendars, SOURCE, act.window)
        when = {"run_id": f"act-{number}", "run_after": datetime(2026, 1, 1 + number, tzinfo=UTC)}
        try:
            for kind in TRAINED:
                execute(kind, **when)
            execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False), **when)
            execute(ScoreOperator, **when)
            stopped.append("")
        except GateFailed as error:
            stopped.append(str(error))
        with stores.ledger() as ledger:
            heads.append(ledger.head("small"))
    execute(RollbackOperator(task_id="rollback", pipeline="small", reason="complaints"), run_id="back")
    with stores.ledger() as ledger:
        heads.append(ledger.head("small"))
    write_window(calendars, SOURCE, NIGHT_BUSES)
    execute(ScoreOperator, run_id="night buses")
    told = {"run_id": "watched", "told": {"pipeline": "small", "partition": "night buses"}}
    execute(DriftCheckOperator, **told)
    with pytest.raises(GateFailed) as lost:
        execute(PerformanceCheckOperator(task_id="performance", pipeline="small"), **told)
    return SimpleNamespace(heads=heads, stopped=stopped, stores=stores, lost=str(lost.value))


def test_each_act_ends_as_it_is_told(told):
    assert [not reason for reason in told.stopped] == [act.released for act in ACTS]
    assert "of the champion (version 1): worse by" in told.stopped[1]
    assert "misses min_improvement = -3" in told.stopped[1]
    versions = [head.champion.version for head in told.heads]
    assert versions == [1, 1, 2, 1]
    assert [head.generation for head in told.heads] == [1, 1, 2, 3]
    scored = [record.evidence["evidence"]["model"]["version"] for record in told.stores.records("score")]
    assert scored == [1, 2, 1]


def test_the_night_buses_show_in_the_labels_alone(told):
    (drift,) = told.stores.records("drift")
    assert drift.evidence["evidence"]["window"]["end"] == "2025-12-08T00:00:00+00:00"
    assert drift.verdict in ("passed", "warned")
    assert drift.sentence.startswith("none of 10 columns has moved (168 rows)")
    assert "that the release leads one to expect" in told.lost
