"""A rollout through its operator: begun once, looked at, promoted or undone, and going on wherever it was left."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred
from operator_fixtures import RUN_AFTER, point_at
from pilot_moments import RUN_2, STEPS, approve, take
from pilot_project import write_days
from production_project import ROLLOUT, production
from readiness_points import points
from rollout_runs import end, go_on, head, scored, spoil, wait_for_look, wait_until
from small_project import write_spec

from stageline.exceptions import ArtifactError, LedgerError, Outage, TargetError
from stageline.ledger import Ledger
from stageline.operators import GateFailed, RollbackOperator, RolloutOperator, running_rollout
from stageline.operators.batch_target import BatchTarget
from stageline.serving.target import Served
from stageline.verdicts import Check, Verdict

pytestmark = pytest.mark.xdist_group("rollout")
RUN_3 = {"run_id": "run-3", "run_after": datetime(2026, 12, 2, tzinfo=UTC)}


@pytest.fixture
def shelf(production_shelf):
    return production_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def approved(shelf, stores, execute):
    """Give the stores of a pipeline with a champion in use and a second model that was approved."""
    shelf.go_to("second approved", execute)
    return stores


def looks(stores):
    return [
        (look.evidence["percent"], look.evidence["action"]) for look in stores.records("rollout") if look.kind == "look"
    ]


@pytest.fixture
def past_the_deadline(monkeypatch):
    """Return a function that lets the rollout's clock be past every deadline from now on."""

    def pass_it():
        later = timedelta(minutes=90)
        monkeypatch.setattr(running_rollout, "moment_now", lambda: datetime.now(UTC) + later)

    return pass_it


def test_a_good_canary_gets_more_and_becomes_the_champion(approved, execute):
    until = wait_for_look(execute)
    assert 0 < (until - datetime.now(UTC)).total_seconds() <= 1
    scored(approved, execute, "monday")
    until = go_on(execute, until)
    assert (head(approved).canary.percent, head(approved).champion.version) == (50, 1)
    scored(approved, execute, "tuesday")

    done = end(execute, until)

    assert done["verdict"] == "passed"
    assert done["sentence"].startswith("version 2 is the champion: every check passed at 50 %")
    assert (head(approved).champion.version, head(approved).canary) == (2, None)
    assert looks(approved) == [(25, "advance"), (50, "promote")]
    with approved.ledger() as ledger:
        assert ledger.verify() == []
    assert approved.mlflow().get_model_version_by_alias("small", "champion").version == 2
    assert {run.info.status for run in approved.mlflow_runs()} == {"FINISHED"}
    trained = head(approved).champion.mlflow_run
    assert [metric.step for metric in approved.mlflow().get_metric_history(trained, "rollout/percent")] == [1, 2]
    assert "index.html" in str([each.path for each in approved.mlflow().list_artifacts(trained, "rollout")])
    assert points(approved)["SL-L306"] == 1.0
    # Cleared, it tells the same, and nothing is done twice.
    assert execute(RolloutOperator, **RUN_2) == done


def test_without_traffic_it_is_held_and_undone_at_the_deadline(approved, execute, past_the_deadline):
    until = wait_for_look(execute)
    until = go_on(execute, until)
    assert looks(approved) == [(25, "hold")]
    past_the_deadline()
    with pytest.raises(GateFailed, match=r"rollout failed: the rollout is undone: undecided at 25 % after PT1H: "):
        execute(RolloutOperator, **RUN_2)
    assert head(approved).canary is None
    assert head(approved).champion.version == 1
    assert [action for _, action in looks(approved)][-1] == "roll_back"
    # What was taken out was tried.
    assert points(approved)["SL-L306"] == 1.0


def test_a_canary_that_fails_is_out_of_the_traffic_at_the_next_look(approved, execute):
    until = wait_for_look(execute)
    scored(approved, execute, "monday")
    until = go_on(execute, until)
    assert head(approved).canary.percent == 50
    (approved.home / "artifacts").rename(approved.home / "elsewhere")
    for kept in (approved.home / "tables/small/models").glob("*.skops"):
        if head(approved).canary.model.digest.replace(":", "-") in kept.name:
            kept.write_bytes(b"no model")
    assert set(scored(approved, execute, "tuesday")) == {1}
    (approved.home / "elsewhere").rename(approved.home / "artifacts")
    with pytest.raises(GateFailed, match=r"the rollout is undone: error_rate of the canary is .*: harm beyond doubt"):
        end(execute, until)
    assert (head(approved).champion.version, head(approved).canary) == (1, None)
    assert looks(approved)[-1] == (50, "roll_back")
    assert set(scored(approved, execute, "wednesday")) == {1}


def test_the_first_model_has_nothing_to_be_compared_with(shelf, stores, execute):
    shelf.go_to("first approved", execute)
    done = execute(RolloutOperator)
    assert done["verdict"] == "passed"
    assert head(stores).champion.version == 1
    assert looks(stores) == []
    assert points(stores)["SL-L306"] == 0.0


def test_without_enough_approvals_nothing_begins(approved, execute):
    write_spec(
        approved.project,
        **production(release="{target: batch, approvers: [model, operations], approvals: 2, rollout: "
        "{steps: [25], interval: PT1S, deadline: PT1H}}"),
    )  # fmt: skip
    with pytest.raises(GateFailed, match="1 of 2 approvals: mo"):
        execute(RolloutOperator, **RUN_2)
    assert head(approved).canary is None


def test_a_second_rollout_is_refused_with_the_first_ones_sequence(approved, execute):
    wait_for_look(execute)
    sequence = head(approved).canary.sequence
    take(execute, *STEPS, **RUN_3)
    approve(execute, **RUN_3)
    with pytest.raises(GateFailed, match=rf"rollout #{sequence} of 'small' is under way: version 2 at 25 %"):
        execute(RolloutOperator, **RUN_3)
    assert head(approved).canary.sequence == sequence


def test_it_goes_on_where_it_was_left_by_a_try_that_died(approved, execute, monkeypatch):
    until = wait_for_look(execute)
    scored(approved, execute, "monday")
    with monkeypatch.context() as dying:
        dying.setattr(Ledger, "shift_canary", _die)
        with pytest.raises(KeyboardInterrupt):
            go_on(execute, until)
    assert looks(approved) == [(25, "advance")]
    assert head(approved).canary.percent == 25
    # The look that was taken is acted on, without another one.
    wait_for_look(execute, try_number=2)
    assert head(approved).canary.percent == 50
    assert looks(approved) == [(25, "advance")]


def test_a_try_that_died_before_it_undid_a_rollout_undoes_it(approved, execute, monkeypatch, past_the_deadline):
    wait_for_look(execute)
    past_the_deadline()
    with monkeypatch.context() as dying:
        dying.setattr(Ledger, "end_canary", _die)
        with pytest.raises(KeyboardInterrupt):
            execute(RolloutOperator, **RUN_2)
    assert head(approved).canary is not None
    with pytest.raises(GateFailed, match="the rollout is undone"):
        execute(RolloutOperator, **RUN_2, try_number=2)
    assert head(approved).canary is None
    assert looks(approved) == [(25, "roll_back")]


def test_a_rollout_that_somebody_undid_is_over(approved, execute):
    until = wait_for_look(execute)
    execute(RollbackOperator(task_id="back", pipeline="small", reason="a hunch"), run_id="back")
    with pytest.raises(GateFailed, match=r"rollout failed: record #\d+ ended the rollout: a hunch"):
        end(execute, until)
    assert (head(approved).champion.version, head(approved).canary) == (1, None)


def test_a_target_that_cannot_be_reached_is_asked_again(approved, execute, monkeypatch):
    wait_for_look(execute)
    with monkeypatch.context() as away:
        away.setattr(BatchTarget, "converge", _away)
        until = wait_for_look(execute)
        assert timedelta(0) < until - datetime.now(UTC) <= timedelta(seconds=10)
    assert looks(approved) == []


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Outage("the endpoint is away"), "the endpoint is away"),
        (ArtifactError("the predictions cannot be read"), "the predictions cannot be read"),
        (ZeroDivisionError("of a private value"), "ZeroDivisionError"),
    ],
)
def test_what_is_not_seen_is_held_and_undone_at_the_deadline(
    approved, execute, monkeypatch, past_the_deadline, error, said
):
    def observe(*_):
        raise error

    until = wait_for_look(execute)
    monkeypatch.setattr(BatchTarget, "observe", observe)
    until = go_on(execute, until)
    assert looks(approved) == [(25, "hold")]
    past_the_deadline()
    with pytest.raises(GateFailed, match=rf"what happened to the requests cannot be seen: {said}$"):
        execute(RolloutOperator, **RUN_2)
    assert head(approved).canary is None


def test_a_target_that_refuses_ends_it(approved, execute, monkeypatch):
    calls = []

    def converge(target, wanted):
        calls.append(wanted.canary)
        if wanted.canary is not None:
            raise TargetError("the endpoint rolled the update back by itself")
        return Served(champion=wanted.champion.digest)

    monkeypatch.setattr(BatchTarget, "converge", converge)
    with pytest.raises(GateFailed, match="the target refuses: the endpoint rolled the update back by itself"):
        execute(RolloutOperator, **RUN_2)
    assert head(approved).canary is None
    # It was told that the canary is gone.
    assert calls[-1] is None


def test_a_target_that_serves_something_else_is_not_looked_at(approved, execute, monkeypatch, past_the_deadline):
    monkeypatch.setattr(BatchTarget, "converge", lambda target, wanted: Served(champion=wanted.champion.digest))
    wait_for_look(execute)
    past_the_deadline()
    with pytest.raises(GateFailed, match=r"did not come to rest by the deadline: canary is none, not sha256:"):
        execute(RolloutOperator, **RUN_2)
    assert looks(approved) == []
    assert head(approved).canary is None


def test_an_older_run_is_superseded(approved, execute):
    from stageline.operators import ReleaseOperator

    execute(ReleaseOperator, **RUN_2)
    with pytest.raises(AirflowSkipException, match="superseded by version 2"):
        execute(RolloutOperator)


def _die(*_given, **_named):
    raise KeyboardInterrupt


def _away(*_given, **_named):
    raise Outage("the endpoint is away")


def test_losses_are_those_of_rows_that_neither_model_was_trained_on(approved, execute):
    kpi = "[{metric: kpi, max_loss: 5.0}]"
    plan = f"{{steps: [50], interval: PT1S, deadline: PT1H, min_events: 10, metrics: {kpi}}}"
    write_spec(approved.project, **production(plan))
    until = wait_for_look(execute)
    # The candidate knows 40 days; ten more come in, with their labels.
    write_days(approved.project, 50)
    by = scored(approved, execute, "monday")
    assert end(execute, until)["verdict"] == "passed"
    (look,) = [record for record in approved.records("rollout") if record.kind == "look"]
    (check,) = look.evidence["checks"]
    new = [len({row for row in by[version] if row >= 320}) for version in (2, 1)]
    assert sum(new) == 80
    assert (check["details"]["canary_rows"], check["details"]["champion_rows"]) == tuple(new)


def test_two_live_copies_of_the_task_do_everything_once(approved, execute):
    until = wait_for_look(execute)
    scored(approved, execute, "monday")
    wait_until(until)
    with ThreadPoolExecutor(4) as copies:
        waiting = [copies.submit(wait_for_look, execute, try_number=number % 2 + 1) for number in range(4)]
    assert all(future.exception() is None for future in waiting)
    assert looks(approved) == [(25, "advance")]
    shares = [
        record.evidence["canary_change"]["after"]["percent"]
        for record in approved.records("rollout")
        if record.kind == "canary"
    ]
    assert shares == [25, 50]
    with approved.ledger() as ledger:
        assert ledger.verify() == []


def test_a_canary_whose_task_is_gone_leaves_by_itself_and_the_next_rollout_begins(approved, execute, monkeypatch):
    with monkeypatch.context() as earlier:
        # It began four hours ago: PT1H to be decided, and an hour for a late look, are over.
        earlier.setattr(running_rollout, "moment_now", lambda: datetime.now(UTC) - timedelta(hours=4))
        wait_for_look(execute)
    forgotten = head(approved).canary
    assert set(scored(approved, execute, "monday")) == {1}
    take(execute, *STEPS, **RUN_3)
    approve(execute, **RUN_3)
    wait_for_look(execute, **RUN_3)
    assert head(approved).canary.model.version == 3
    ended = [record for record in approved.records("rollout") if record.kind == "canary_end"]
    told = f"rollout #{forgotten.sequence} was left by its task: version 2 is tried no more"
    assert [record.sentence for record in ended] == [told]
    assert set(scored(approved, execute, "tuesday")) == {1, 3}
    with approved.ledger() as ledger:
        assert ledger.verify() == []


def test_a_plan_that_changes_meanwhile_goes_on_from_the_share_on_record(approved, execute):
    write_spec(approved.project, **production(plan_of("[5, 25, 50]", min_events=3)))
    until = wait_for_look(execute)
    scored(approved, execute, "monday")
    until = go_on(execute, until)
    assert head(approved).canary.percent == 25
    write_spec(approved.project, **production(plan_of("[5, 10, 25, 50]", min_events=3)))
    scored(approved, execute, "tuesday")
    go_on(execute, until)
    assert head(approved).canary.percent == 50
    assert looks(approved) == [(5, "advance"), (25, "advance")]


def plan_of(steps, *, min_events=30):
    metrics = "[{metric: predictions, max_distance: 0.8}]"
    return f"{{steps: {steps}, interval: PT1S, deadline: PT1H, min_events: {min_events}, metrics: {metrics}}}"


def test_the_first_model_waits_until_its_target_is_at_rest(shelf, stores, execute, monkeypatch):
    shelf.go_to("first approved", execute)
    real = BatchTarget.converge
    with monkeypatch.context() as slow:
        slow.setattr(BatchTarget, "converge", lambda *_: Served(champion="", pending="the endpoint is made"))
        wait_for_look(execute, run_id="run-1", run_after=RUN_AFTER)
        # Another try of the task waits, too.
        wait_for_look(execute, run_id="run-1", run_after=RUN_AFTER, try_number=2)
    monkeypatch.setattr(BatchTarget, "converge", real)
    done = execute(RolloutOperator)
    assert (done["verdict"], head(stores).champion.version) == ("passed", 1)
    assert done["sentence"].startswith("version 1 is the champion: the first")


def test_a_store_that_is_away_for_a_while_does_not_end_it(approved, execute, monkeypatch):
    until = wait_for_look(execute)
    wait_until(until)
    operator = RolloutOperator(task_id="rollout", pipeline="small")
    with monkeypatch.context() as away:
        away.setattr(Ledger, "head", _no_ledger)
        waiting = deferred(execute, operator)
        since = waiting.kwargs["troubled"]
        # An hour of it changes nothing but the time.
        assert deferred(execute, operator, **waiting.kwargs).kwargs["troubled"] == since
        long_ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
        with pytest.raises(LedgerError):
            resume(execute, operator, troubled=long_ago)
    spec = approved.project / "config/pipelines/small.yaml"
    good = spec.read_text("utf-8")
    spec.write_text("pipeline: [", encoding="utf-8")
    assert "troubled" in deferred(execute, operator).kwargs
    spec.write_text(good, encoding="utf-8")
    assert head(approved).canary.percent == 25
    scored(approved, execute, "monday")
    waiting = deferred(execute, operator)
    assert waiting.kwargs is None or not waiting.kwargs
    assert head(approved).canary.percent == 50


def resume(execute, operator, **given):
    """Go on after a wait, as Airflow does."""
    called = SimpleNamespace(task_id=operator.task_id, execute=lambda context: operator.resume(context, **given))
    return execute(called, **RUN_2)


def deferred(execute, operator, **given):
    with pytest.raises(TaskDeferred) as waiting:
        resume(execute, operator, **given)
    assert waiting.value.method_name == "resume"
    return waiting.value


@pytest.mark.parametrize("error", [ArtifactError("there is no file"), KeyError("head")])
def test_a_target_that_fails_in_a_way_of_its_own_is_asked_again_until_the_deadline(
    approved, execute, monkeypatch, past_the_deadline, error
):
    def converge(*_):
        raise error

    wait_for_look(execute)
    with monkeypatch.context() as failing:
        failing.setattr(BatchTarget, "converge", converge)
        wait_for_look(execute)
        past_the_deadline()
        with pytest.raises(
            GateFailed, match="did not come to rest by the deadline: (there is no file|it fails with Key)"
        ):
            execute(RolloutOperator, **RUN_2)
    assert head(approved).canary is None


def test_a_target_that_is_away_later_on_hinders_no_look(approved, execute, monkeypatch):
    write_spec(approved.project, **production(plan_of("[50]", min_events=400)))
    until = go_on(execute, wait_for_look(execute))
    assert looks(approved) == [(50, "hold")]
    monkeypatch.setattr(BatchTarget, "converge", _away)
    go_on(execute, until)
    assert looks(approved) == [(50, "hold"), (50, "hold")]


def test_a_step_taken_again_does_not_lose_the_rollout(approved, execute):
    until = wait_for_look(execute)
    sequence = head(approved).canary.sequence
    take(execute, *STEPS[3:], **RUN_2, try_number=2)
    scored(approved, execute, "monday")
    go_on(execute, until)
    assert (head(approved).canary.sequence, head(approved).canary.percent) == (sequence, 50)


def test_promotions_that_were_frozen_meanwhile_wait_and_are_undone_at_the_deadline(
    approved, execute, monkeypatch, past_the_deadline
):
    write_spec(approved.project, **production(plan_of("[50]")))
    until = wait_for_look(execute)
    scored(approved, execute, "monday")
    used_up = Check(code="SL-G006", name="budget", verdict=Verdict.FAILED, message="the budget is used up")
    monkeypatch.setattr(running_rollout, "frozen", lambda *_: (used_up,))
    until = go_on(execute, until)
    assert (head(approved).champion.version, head(approved).canary.percent) == (1, 50)
    past_the_deadline()
    with pytest.raises(GateFailed, match="promotions are frozen: the budget is used up"):
        execute(RolloutOperator, **RUN_2)
    assert (head(approved).champion.version, head(approved).canary) == (1, None)


def test_a_promotion_that_was_decided_long_ago_is_looked_at_anew(approved, execute, monkeypatch):
    write_spec(approved.project, **production(ROLLOUT.replace("[25, 50]", "[50]")))
    until = wait_for_look(execute)
    scored(approved, execute, "monday")
    with monkeypatch.context() as dying:
        dying.setattr(Ledger, "promote", _die)
        with pytest.raises(KeyboardInterrupt):
            go_on(execute, until)
    assert looks(approved) == [(50, "promote")]
    spoil(approved, head(approved).canary.model.digest)
    (approved.home / "artifacts").rename(approved.home / "elsewhere")
    scored(approved, execute, "tuesday")
    (approved.home / "elsewhere").rename(approved.home / "artifacts")
    wait_until(datetime.now(UTC) + timedelta(seconds=1))
    with pytest.raises(GateFailed, match="error_rate of the canary"):
        execute(RolloutOperator, **RUN_2, try_number=2)
    assert (head(approved).champion.version, head(approved).canary) == (1, None)
    assert looks(approved) == [(50, "promote"), (50, "roll_back")]


def _no_ledger(*_):
    raise LedgerError("the ledger cannot be reached")
