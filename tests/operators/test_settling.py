"""After a promotion the target has to serve it: waited for, and taken back where it refuses."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk.exceptions import TaskDeferred
from operator_fixtures import point_at
from pilot_moments import RUN_2
from rollout_runs import end, go_on, head, scored, wait_for_look

from stageline.exceptions import Outage, TargetError
from stageline.operators import GateFailed, ReleaseOperator, settling
from stageline.operators.batch_target import BatchTarget

pytestmark = pytest.mark.xdist_group("rollout")


@pytest.fixture
def shelf(production_shelf):
    return production_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def approved(shelf, stores, execute):
    shelf.go_to("second approved", execute)
    return stores


@pytest.fixture
def answering(monkeypatch):
    """Return a function that lets the target answer otherwise once version 2 is the champion."""
    follow = BatchTarget.converge

    def let(otherwise):
        def converge(target, wanted):
            served = follow(target, wanted)
            return otherwise(served) if wanted.champion.version == 2 else served

        monkeypatch.setattr(BatchTarget, "converge", converge)

    return let


def refuse(_served):
    raise TargetError("the endpoint rolled the update back by itself")


def away(_served):
    raise Outage("the endpoint is away")


def moves(stores):
    return [record.kind for record in stores.records() if record.kind in ("promotion", "rollback")]


def test_a_target_that_follows_is_told(approved, execute):
    done = execute(ReleaseOperator, **RUN_2)
    assert done["sentence"].startswith("version 2 is the champion")
    (check,) = [check for check in approved.records("release")[-1].evidence["checks"] if check["code"] == "SL-P007"]
    assert (check["verdict"], check["message"]) == ("passed", "the target serves version 2")


def test_a_target_that_refuses_has_the_champion_before_back(approved, execute, answering):
    answering(refuse)
    with pytest.raises(
        GateFailed,
        match="the target refuses: the endpoint rolled the update back by itself; version 1 is the champion again",
    ):
        execute(ReleaseOperator, **RUN_2)
    assert head(approved).champion.version == 1
    assert moves(approved) == ["promotion", "promotion", "rollback"]


@pytest.mark.parametrize(
    "otherwise", [away, lambda served: replace(served, pending="the endpoint is Updating"), lambda served: replace(served, champion="sha256:0")]
)  # fmt: skip
def test_a_target_that_is_not_there_yet_is_waited_for_without_a_worker(approved, execute, answering, otherwise):
    answering(otherwise)
    with pytest.raises(TaskDeferred) as waiting:
        execute(ReleaseOperator, **RUN_2)
    assert waiting.value.method_name == "resume"
    assert timedelta(0) < waiting.value.trigger.moment - datetime.now(UTC) <= timedelta(seconds=10)
    assert head(approved).champion.version == 2
    # Once it serves, the release is green, and was done once.
    answering(lambda served: served)
    with pytest.MonkeyPatch.context() as follows:
        follows.setattr(BatchTarget, "converge", lambda target, wanted: target.served())
        assert execute(ReleaseOperator, **RUN_2)["verdict"] == "passed"
    assert moves(approved) == ["promotion", "promotion"]


def test_a_target_that_never_comes_to_rest_is_given_up(approved, execute, answering, monkeypatch):
    monkeypatch.setattr(settling, "_PATIENCE", timedelta(0))
    answering(lambda served: replace(served, pending="the endpoint is Updating"))
    with pytest.raises(GateFailed, match="did not come to rest: the endpoint is Updating; version 1 is the champion"):
        execute(ReleaseOperator, **RUN_2)
    assert head(approved).champion.version == 1


def test_a_rollout_whose_promotion_is_refused_is_taken_back(approved, execute, answering):
    answering(refuse)
    until = wait_for_look(execute)
    scored(approved, execute, "monday")
    until = go_on(execute, until)
    scored(approved, execute, "tuesday")
    with pytest.raises(GateFailed, match="the target refuses: .*version 1 is the champion again"):
        end(execute, until)
    assert (head(approved).champion.version, head(approved).canary) == (1, None)


def test_a_first_release_that_is_refused_has_nothing_to_go_back_to(shelf, stores, execute, monkeypatch):
    shelf.go_to("first approved", execute)
    monkeypatch.setattr(BatchTarget, "converge", lambda target, wanted: refuse(None))
    with pytest.raises(GateFailed, match="the target refuses: .*; nothing was rolled back: .*no champion before"):
        execute(ReleaseOperator)


def test_whoever_moved_the_head_since_sees_to_the_target(approved, execute, answering, monkeypatch):
    from stageline.operators import RollbackOperator

    answering(away)
    with pytest.raises(TaskDeferred):
        execute(ReleaseOperator, **RUN_2)
    execute(RollbackOperator(task_id="back", pipeline="small"), run_id="back")
    assert execute(ReleaseOperator, **RUN_2)["verdict"] == "passed"
    assert head(approved).champion.version == 1


def test_a_rollback_lets_the_target_follow_at_once(approved, execute, monkeypatch):
    from stageline.operators import RollbackOperator

    execute(ReleaseOperator, **RUN_2)
    asked = []
    follow = BatchTarget.converge

    def converge(target, wanted):
        asked.append(wanted.champion.version)
        return follow(target, wanted)

    monkeypatch.setattr(BatchTarget, "converge", converge)
    execute(RollbackOperator(task_id="back", pipeline="small"), run_id="back")
    assert asked == [1]


def test_a_rollback_goes_through_while_the_target_is_away(approved, execute, monkeypatch):
    from stageline.operators import RollbackOperator

    execute(ReleaseOperator, **RUN_2)
    monkeypatch.setattr(BatchTarget, "converge", lambda target, wanted: away(None))
    assert execute(RollbackOperator(task_id="back", pipeline="small"), run_id="back")["verdict"] == "passed"
    assert head(approved).champion.version == 1
