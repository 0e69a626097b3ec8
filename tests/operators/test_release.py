"""From a judged candidate to the champion, and back: approval, compare and swap, superseded runs, rollback."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput
from operator_fixtures import RUN_AFTER, point_at
from pilot_moments import RUN_2, STEPS, take
from pilot_project import PILOT, write_days
from small_project import write_spec
from waiting_for import wait_for

from stageline.operators import (
    ApproveReleaseOperator,
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ReleaseOperator,
    RollbackDrillOperator,
    RollbackOperator,
    TrainOperator,
)
from stageline.operators.aliases import alias_fault
from stageline.tracking import Tracking

pytestmark = pytest.mark.xdist_group("pilot")


@pytest.fixture
def stores(pilot_shelf, monkeypatch):
    point_at(pilot_shelf.stores, monkeypatch)
    return pilot_shelf.stores


@pytest.fixture
def at(pilot_shelf, execute):
    """Return a function that makes the stores what they were at a moment of the run `run-1`, or of `run-2` after it."""
    return lambda moment: pilot_shelf.go_to(moment, execute)


@pytest.fixture
def asked(execute, monkeypatch):
    """Return a function that puts the question, and gives what the person sees."""
    seen = {}
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **detail: seen.update(detail))

    def ask(run_id, **given):
        with pytest.raises(TaskAwaitingInput):
            execute(approval(), run_id=run_id, **given)
        return seen

    return ask


def approval():
    return ApproveReleaseOperator(task_id="approve", pipeline="small", approvers=["mo"])


def answer(option="Approve", **changes):
    return {
        "chosen_options": [option], "params_input": {}, "responded_at": datetime(2026, 11, 21, tzinfo=UTC),
        "responded_by_user": {"id": "1", "name": "mo"}, **changes,
    }  # fmt: skip


def head(stores):
    with stores.ledger() as ledger:
        assert ledger.verify() == []
        return ledger.head("small")


def alias(stores):
    return int(stores.mlflow().get_model_version_by_alias("small", "champion").version)


def test_an_approved_candidate_becomes_the_champion(stores, at, asked, execute):
    at("first judged")
    detail = asked("run-1")

    assert detail["subject"] == "Release a model of small?"
    assert [user["id"] for user in detail["assigned_users"]] == ["mo"]
    assert detail["defaults"] is None
    assert "There is value" in detail["body"]
    assert "| validate | **" in detail["body"]
    execute(approval(), run_id="run-1", event=answer())
    result = execute(ReleaseOperator, run_id="run-1")

    assert result["sentence"] == "version 1 is the champion: approved by mo"
    now = head(stores)
    trained = stores.records("train")[0].evidence["evidence"]
    assert (now.generation, now.champion.digest) == (1, trained["model"]["digest"])
    assert now.champion.watermark == "2026-01-30T21:00:00.000000+00:00"
    assert alias(stores) == 1
    (promotion,) = [record for record in stores.records() if record.kind == "promotion"]
    (approved,) = [record for record in stores.records() if record.kind == "approval"]
    assert (approved.actor, approved.evidence["evidence"]) == ("mo", promotion.evidence["evidence"])


def test_a_second_try_releases_once(stores, at, execute):
    at("first released")
    again = execute(ReleaseOperator, run_id="run-1", try_number=2)

    assert again["sentence"] == "version 1 is the champion: approved by mo"
    assert head(stores).generation == 1
    assert len([record for record in stores.records() if record.kind == "promotion"]) == 1
    assert len(stores.mlflow().search_model_versions("name = 'small'")) == 1


def test_a_worse_candidate_is_stopped_by_the_gate(stores, at, execute):
    at("first released")
    write_days(stores.project, 40)
    write_spec(
        stores.project, **PILOT | {"train": "{estimator: sklearn.linear_model.Ridge, params: {alpha: 100000.0}}"}
    )
    for step in (DataQualityOperator, FeatureSnapshotOperator, TrainOperator):
        execute(step, run_id="run-2")

    with pytest.raises(GateFailed, match=r"of the champion \(version 1\): worse by"):
        execute(EvaluateOperator, run_id="run-2")
    with pytest.raises(GateFailed, match="release errored: step 'evaluate' ended failed|needs the step 'validate'"):
        execute(ReleaseOperator, run_id="run-2")
    assert head(stores).generation == 1


NO_APPROVAL = [
    (answer("Reject"), "rejected by mo"),
    ({"error": "late", "error_type": "timeout"}, "nobody answered in time: nothing is released"),
    (answer(responded_by_user=None), "the approval names nobody"),
    (answer(chosen_options=[]), "rejected by mo"),
    (answer(params_input={"evidence": "sha256:other"}), "mo approved sha256:other, asked was for sha256:"),
]


class TestApproval:
    def test_all_else_deploys_nothing(self, stores, at, asked, execute):
        at("first judged")
        for number, (event, words) in enumerate(NO_APPROVAL, start=1):
            asked("run-1", try_number=number)
            with pytest.raises(GateFailed, match=words):
                execute(approval(), run_id="run-1", event=event, try_number=number)
            with pytest.raises(GateFailed, match="release failed: "):
                execute(ReleaseOperator, run_id="run-1", try_number=number)
        assert head(stores).generation == 0

    def test_it_counts_for_nothing_once_a_step_ran_again(self, at, asked, execute):
        at("first judged")
        with pytest.raises(GateFailed, match="nobody approved this candidate"):
            execute(ReleaseOperator, run_id="run-1")
        asked("run-1")
        execute(ModelValidationOperator, run_id="run-1", try_number=2)
        with pytest.raises(GateFailed, match=r"mo approved sha256:.*, but a step was run again since"):
            execute(approval(), run_id="run-1", event=answer())

    def test_nor_if_the_step_ran_again_afterwards(self, stores, at, execute):
        at("first approved")
        execute(ModelValidationOperator, run_id="run-1", try_number=2)
        with pytest.raises(GateFailed, match="approved by mo, but a step was run again since: ask again"):
            execute(ReleaseOperator, run_id="run-1")
        assert head(stores).generation == 0


def test_a_dry_run_is_no_evidence(at, execute):
    at("first trained")
    execute(EvaluateOperator(task_id="evaluate", pipeline="small", mode="dry_run"))
    execute(ModelValidationOperator)
    with pytest.raises(GateFailed, match="'evaluate' ran in mode dry_run, in which its verdict stops nothing"):
        execute(ReleaseOperator)


def test_a_head_that_moved_since_wants_a_new_evaluation(stores, at, asked, execute):
    at("first approved")
    write_days(stores.project, 40)
    fast = {"run_id": "fast", "run_after": datetime(2026, 11, 19, tzinfo=UTC), "params": {"first_release": True}}
    take(execute, *STEPS, **fast)
    asked(**fast)
    execute(approval(), event=answer(), **fast)
    execute(ReleaseOperator, **fast)
    write_days(stores.project, 30)

    with pytest.raises((GateFailed, AirflowSkipException)):
        execute(ReleaseOperator, run_id="run-1")
    assert head(stores).champion.dag_run == "small/fast"


def test_a_rollback_needs_no_mlflow(stores, at, execute, monkeypatch):
    at("second approved")
    execute(ReleaseOperator, **RUN_2)
    assert head(stores).champion.version == 2

    with monkeypatch.context() as away:
        away.setenv("AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
        result = execute(RollbackOperator(task_id="back", pipeline="small", reason="complaints"), run_id="oops")
    assert result["sentence"] == "version 1 is the champion again, instead of 2: complaints"
    assert (head(stores).champion.version, alias(stores)) == (1, 2)

    # Again is no further step back, and makes the alias follow.
    execute(RollbackOperator(task_id="back", pipeline="small", reason="complaints"), run_id="oops", try_number=2)
    assert (head(stores).champion.version, head(stores).generation, alias(stores)) == (1, 3, 1)


def test_a_rollback_to_nowhere_is_refused(at, execute):
    at("begun")
    with pytest.raises(GateFailed, match="cannot be rolled back: nothing was released yet"):
        execute(RollbackOperator(task_id="back", pipeline="small"), run_id="a")
    at("first released")
    with pytest.raises(GateFailed, match="version is 'latest'; expected a whole number"):
        execute(RollbackOperator(task_id="back", pipeline="small", version="latest"), run_id="b")


def test_a_drill_rolls_back_beside_the_head_in_use(stores, at, execute):
    at("begun")
    with pytest.raises(GateFailed, match="has no champion: no model was ever released"):
        execute(RollbackDrillOperator, run_id="early")
    at("first released")
    before = head(stores)

    for try_number in (1, 2):
        result = execute(RollbackDrillOperator, run_id="drill", try_number=try_number)
        assert (result["verdict"], result["sentence"]) == ("passed", "4 of 4 checks passed")

    assert head(stores) == before
    evidence = stores.records("drill")[-1].evidence
    assert evidence["evidence"]["rows"] == 100
    assert "the broken model was refused: " in evidence["checks"][0]["message"]
    with stores.ledger() as ledger:
        assert [record.kind for record in ledger.records("small.drill")] == ["rollback", "promotion", "promotion"] * 2
        assert ledger.verify() == []
        # No alias follows a drill's head, and nobody misses one.
        tracking = Tracking(f"sqlite:///{stores.home / 'mlflow.db'}")
        assert [alias_fault(tracking, ledger.head(name)) for name in ledger.pipelines()] == ["", ""]


COPY = """
import json, os, signal, sys
sys.path.insert(0, {tests!r})
import own_airflow
os.environ |= json.loads({environment!r})
from datetime import datetime
from types import SimpleNamespace
from stageline.ledger import Ledger
from stageline.operators import ReleaseOperator

promote = Ledger.promote

def freeze_first(*arguments, **named):
    os.kill(os.getpid(), signal.SIGSTOP)
    return promote(*arguments, **named)

Ledger.promote = freeze_first
task = SimpleNamespace(id="7", dag_id="small", run_id="run-1", task_id="release", map_index=-1, try_number=1)
dag_run = SimpleNamespace(run_after=datetime.fromisoformat({run_after!r}), run_type="manual")
dag = SimpleNamespace(fileloc={dag_file!r})
operator = ReleaseOperator(task_id="release", pipeline="small")
print(operator.execute({{"ti": task, "dag_run": dag_run, "dag": dag, "params": {{}}}})["sentence"])
"""


def test_a_frozen_copy_that_comes_back_deploys_nothing_more(stores, at, execute):
    at("first approved")
    settings = {name: os.environ[name] for name in os.environ if name.startswith("AIRFLOW__STAGELINE__")}
    code = COPY.format(
        tests=str(Path(__file__).parents[1]), environment=json.dumps(settings), run_after=RUN_AFTER.isoformat(),
        dag_file=str(stores.project / "dags/by_hand.py"),
    )  # fmt: skip
    copy = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_for(lambda: psutil.Process(copy.pid).status() == psutil.STATUS_STOPPED, seconds=120)
        # The copy has registered its version and stands right before the swap.
        result = execute(ReleaseOperator, run_id="run-1", try_number=2)
        moved = head(stores)
        os.kill(copy.pid, signal.SIGCONT)
        out, errors = copy.communicate(timeout=120)
    finally:
        copy.kill()
        copy.wait()

    assert copy.returncode == 0, errors
    assert out.splitlines()[-1] == result["sentence"] == "version 1 is the champion: approved by mo"
    assert head(stores) == moved
    assert moved.generation == 1
    assert [record.kind for record in stores.records() if record.kind == "promotion"] == ["promotion"]
    assert len(stores.mlflow().search_model_versions("name = 'small'")) == 1
