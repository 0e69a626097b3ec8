"""Approvals of several people: each of a person of their own, all of the same evidence."""

from datetime import UTC, datetime

import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowException, TaskAwaitingInput
from operator_fixtures import point_at
from pilot_moments import RUN_2, STEPS, take
from production_project import METRICS, production
from rollout_runs import head, wait_for_look
from small_project import write_spec

from stageline.operators import ApproveReleaseOperator, EvaluateOperator, GateFailed, RolloutOperator

pytestmark = pytest.mark.xdist_group("rollout")
TWO = (
    f"{{target: batch, approvers: [model, operations], approvals: 2, rollout: {{steps: [25], interval: PT1S, "
    f"deadline: PT1H, metrics: {METRICS}}}}}"
)


@pytest.fixture
def shelf(production_shelf):
    return production_shelf


@pytest.fixture
def judged(shelf, execute, monkeypatch):
    """Give the stores of a pipeline whose second model was judged and waits for two approvals."""
    point_at(shelf.stores, monkeypatch)
    shelf.go_to("second trained", execute)
    write_spec(shelf.stores.project, **production(release=TWO))
    take(execute, *STEPS[3:], **RUN_2)
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **_: None)
    return shelf.stores


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


def question(number):
    return ApproveReleaseOperator(task_id=f"approve_{number}", pipeline="small", approvers=["mo", "olu"])


def answer(by, option="Approve"):
    return {
        "chosen_options": [option], "params_input": {}, "responded_at": datetime(2026, 12, 1, tzinfo=UTC),
        "responded_by_user": {"id": by, "name": by},
    }  # fmt: skip


def ask(execute, number):
    with pytest.raises(TaskAwaitingInput):
        execute(question(number), **RUN_2)


def approve(execute, number, by):
    ask(execute, number)
    return execute(question(number), event=answer(by), **RUN_2)


def test_two_people_let_it_through_and_both_are_named(judged, execute):
    approve(execute, 1, "mo")
    approve(execute, 2, "olu")
    wait_for_look(execute)
    begun = [record for record in judged.records("rollout") if record.kind == "canary"]
    assert [record.sentence for record in begun] == ["version 2 is tried at 25 %: approved by mo and olu"]


def test_one_of_two_is_not_enough(judged, execute):
    approve(execute, 1, "mo")
    ask(execute, 2)
    with pytest.raises(GateFailed, match="rollout inconclusive: 1 of 2 approvals: mo"):
        execute(RolloutOperator, **RUN_2)
    assert head(judged).canary is None


def test_who_approved_already_is_asked_to_leave_it_to_another_and_another_may(judged, execute):
    approve(execute, 1, "mo")
    ask(execute, 2)
    with pytest.raises(AirflowException, match="mo approved already, in the task 'approve_1': another person has to"):
        execute(question(2), event=answer("mo"), **RUN_2)
    with pytest.raises(GateFailed, match="1 of 2 approvals"):
        execute(RolloutOperator, **RUN_2)
    # Airflow asks again, as the task failed for another try.
    approve(execute, 2, "olu")
    wait_for_look(execute)
    assert head(judged).canary.percent == 25


def test_one_rejection_outweighs(judged, execute):
    approve(execute, 1, "mo")
    ask(execute, 2)
    with pytest.raises(GateFailed, match="rejected by olu"):
        execute(question(2), event=answer("olu", "Reject"), **RUN_2)
    with pytest.raises(GateFailed, match="rejected by olu"):
        execute(RolloutOperator, **RUN_2)


def test_all_count_for_nothing_once_a_step_was_run_again(judged, execute):
    approve(execute, 1, "mo")
    approve(execute, 2, "olu")
    execute(EvaluateOperator(task_id="evaluate_again", pipeline="small"), **RUN_2)
    with pytest.raises(GateFailed, match="but a step was run again since: ask again"):
        execute(RolloutOperator, **RUN_2)
    assert head(judged).canary is None
