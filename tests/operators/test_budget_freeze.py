"""The freeze of promotions while an error budget is used up; rollback stays possible."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import operator_fixtures
import pytest
from cli_process import call
from operator_fixtures import point_at
from pilot_moments import RUN_2, STEPS, approve, take
from pilot_project import PILOT
from small_project import write_spec

from stageline.ledger import Record
from stageline.operators import (
    EvaluateOperator,
    GateFailed,
    ModelValidationOperator,
    ObjectivesOperator,
    ReleaseOperator,
    RollbackOperator,
    ScoreOperator,
)
from stageline.operators.budget_freeze import judge_freeze, newest_judgement

# What leads to its moments is done once, in one worker.
pytestmark = pytest.mark.xdist_group("pilot")

SLO = "[{sli: quality, target: 0.8}]"
WEEK = timedelta(days=7)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MENDING = {**RUN_2, "params": {"despite_budget": True}}


@pytest.fixture
def shelf(pilot_shelf):
    return pilot_shelf


@pytest.fixture
def stores(shelf, monkeypatch):
    point_at(shelf.stores, monkeypatch)
    return shelf.stores


@pytest.fixture
def second(shelf, stores, execute):
    """Give the stores of a pipeline with a champion, and a second model that was not judged yet."""
    shelf.go_to("second trained", execute)
    write_spec(stores.project, **PILOT, slo=SLO)
    return stores


@pytest.fixture
def by_dana(monkeypatch):
    """Let Airflow name the person who triggered a run."""

    def named(**given):
        who = {"triggering_user_name": "dana"} if "run_type" in given else {}
        return SimpleNamespace(**given, **who)

    monkeypatch.setattr(operator_fixtures, "SimpleNamespace", named)


def spend(stores, execute, run_id="m"):
    """Let a scoring be refused, and judge the budget: 240 of 800 rows were not delivered."""
    path = stores.project / "data/small.csv"
    kept = path.read_text(encoding="utf-8")
    path.write_text("id,at\n", encoding="utf-8")
    with pytest.raises(GateFailed):
        execute(ScoreOperator, run_id=f"bad-{run_id}", dag_id="small.score")
    path.write_text(kept, encoding="utf-8")
    with pytest.raises(GateFailed, match="objectives failed: quality: "):
        watch(execute, run_id)


def watch(execute, run_id="m", **given):
    operator = ObjectivesOperator(task_id="objectives", pipeline="small", **given)
    execute(operator, run_id=run_id, dag_id="small.monitor", run_after=datetime.now(UTC))


def check(stores, step):
    (found,) = [each for each in stores.records(step)[-1].evidence["checks"] if each["code"] == "SL-G006"]
    return found


def head(stores):
    with stores.ledger() as ledger:
        assert ledger.verify() == []
        return ledger.head("small")


# --- in the gate


def test_a_budget_that_is_used_up_stops_the_gate(second, execute):
    spend(second, execute)
    with pytest.raises(GateFailed, match="evaluate failed: .*promotions are frozen: quality: "):
        execute(EvaluateOperator, **RUN_2)
    frozen = check(second, "evaluate")
    judged = second.records("objectives")[-1].recorded_at
    assert (frozen["verdict"], frozen["severity"]) == ("failed", "critical")
    assert "rows were not delivered (" in frozen["message"]
    assert "of the error budget of 30 days (target 0.8) is used" in frozen["message"]
    assert frozen["message"].endswith(
        f"(judged {judged:%Y-%m-%d %H:%M} UTC); rollback stays possible, and a release that mends it goes through in a "
        "run that a person triggers with despite_budget = true"
    )


def test_a_person_lets_a_mending_release_through_and_is_named(second, execute, by_dana):
    spend(second, execute)
    execute(EvaluateOperator, **MENDING)
    let = check(second, "evaluate")
    assert (let["verdict"], let["severity"], let["details"]) == ("failed", "warning", {"despite": "dana"})
    assert let["message"].startswith("dana lets this release through (despite_budget = true), although quality: ")
    assert "dana lets this release through" in second.records("evaluate")[-1].sentence
    execute(ModelValidationOperator, **MENDING)
    approve(execute, **MENDING)
    execute(ReleaseOperator, **MENDING)
    assert head(second).champion.version == 2
    (*_, promotion) = [record for record in second.records() if record.kind == "promotion"]
    assert promotion.actor == "dana"
    assert "approved by mo; dana lets this release through (despite_budget = true), although" in promotion.sentence


def test_the_parameter_alone_lets_nothing_through(second, execute):
    spend(second, execute)
    with pytest.raises(GateFailed, match=r"promotions are frozen: .*, which this run has, but nobody is named who"):
        execute(EvaluateOperator, **MENDING)


def test_a_budget_that_is_kept_is_said(second, execute):
    watch(execute)
    execute(EvaluateOperator, **RUN_2)
    kept = check(second, "evaluate")
    assert kept["verdict"] == "passed"
    assert kept["message"].startswith("no error budget is used up (quality; judged ")


def test_a_budget_that_nobody_judged_is_said_and_stops_nothing(second, execute):
    result = execute(EvaluateOperator, **RUN_2)
    unknown = check(second, "evaluate")
    assert (unknown["verdict"], unknown["severity"]) == ("inconclusive", "warning")
    assert unknown["message"] == "no error budget was judged yet: whether one is used up is not known"
    assert result["verdict"] == "warned"


def test_without_objectives_there_is_no_such_check(shelf, stores, execute):
    shelf.go_to("second trained", execute)
    execute(EvaluateOperator, **RUN_2)
    assert not [each for each in stores.records("evaluate")[-1].evidence["checks"] if each["code"] == "SL-G006"]


def test_the_first_release_is_never_frozen(shelf, stores, execute):
    shelf.go_to("begun", execute)
    write_spec(stores.project, **PILOT, slo=SLO)
    take(execute, *STEPS)
    approve(execute)
    execute(ReleaseOperator)
    assert head(stores).generation == 1
    assert not [
        each for record in stores.records() for each in record.evidence.get("checks", ()) if each["code"] == "SL-G006"
    ]


def test_the_gate_is_asked_again_once_the_budget_is_another(second, execute):
    execute(EvaluateOperator, **RUN_2)
    spend(second, execute)
    with pytest.raises(GateFailed, match="promotions are frozen"):
        execute(EvaluateOperator, try_number=2, **RUN_2)


# --- right before the head moves


def test_a_budget_that_ran_out_since_the_approval_stops_the_release(second, execute):
    take(execute, EvaluateOperator, ModelValidationOperator, **RUN_2)
    approve(execute, **RUN_2)
    spend(second, execute)
    with pytest.raises(GateFailed, match="release failed: promotions are frozen: quality: "):
        execute(ReleaseOperator, **RUN_2)
    assert head(second).champion.version == 1
    # Nothing was registered either.
    assert len(second.mlflow().search_model_versions("name = 'small'")) == 1

    for run in range(2):
        execute(ScoreOperator, run_id=f"good-{run}", dag_id="small.score")
    watch(execute, "later")
    execute(ReleaseOperator, try_number=2, **RUN_2)
    assert head(second).champion.version == 2


def test_a_release_that_is_done_stays_done(second, execute):
    watch(execute)
    take(execute, EvaluateOperator, ModelValidationOperator, **RUN_2)
    approve(execute, **RUN_2)
    first = execute(ReleaseOperator, **RUN_2)
    spend(second, execute, "later")
    again = execute(ReleaseOperator, try_number=2, **RUN_2)
    assert again["sentence"] == first["sentence"]
    assert head(second).generation == 2


# --- and back


@pytest.fixture
def two_releases(shelf, stores, execute):
    shelf.go_to("second approved", execute)
    execute(ReleaseOperator, **RUN_2)
    write_spec(stores.project, **PILOT, slo=SLO)
    spend(stores, execute)
    return stores


def test_a_rollback_goes_through_while_promotions_are_frozen(two_releases, execute):
    result = execute(RollbackOperator(task_id="back", pipeline="small", reason="late"), run_id="oops")
    assert result["sentence"] == "version 1 is the champion again, instead of 2: late"
    assert head(two_releases).champion.version == 1


def test_so_does_one_by_hand(two_releases):
    given = {
        "AIRFLOW__STAGELINE__HOME": str(two_releases.home),
        "AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI": f"sqlite:///{two_releases.home / 'mlflow.db'}",
    }
    done = call(two_releases.project, "rollback", "small", "--reason", "late", **given)
    assert done.code == 0, done.err
    assert "small: version 1 is the champion again, instead of 2" in done.out
    assert head(two_releases).champion.version == 1


# --- which record counts


def record(position, *, at=NOW, recorded=NOW, checks=(), **exhausted):
    objectives = [{"sli": sli, "exhausted": each} for sli, each in exhausted.items()]
    return Record(
        pipeline="small", step="objectives", verdict="failed", sentence="", stage="pilot", mode="enabled", dag_id="d",
        run_id="r", task_id="t", idempotency_key=str(position), spec_digest="", package_version="", position=position,
        recorded_at=recorded, previous_digest="", digest="",
        evidence={"checks": list(checks), "evidence": {"at": at.isoformat(), "objectives": objectives}},
    )  # fmt: skip


def judge(given, *declared, now=NOW, despite=None):
    return judge_freeze(given, declared or ("quality",), now=now, window=WEEK, despite=despite)


def test_a_look_back_says_nothing_of_today():
    today, back = record(7, quality=True), record(8, at=NOW - 30 * WEEK, quality=False)
    ahead, nothing = record(9, at=NOW + WEEK, quality=False), record(10)
    assert newest_judgement([nothing, ahead, back, today], NOW) is today
    assert newest_judgement([record(3, quality=True), record(2, quality=False)], NOW).position == 3
    assert newest_judgement([nothing, ahead], NOW) is None
    refused = today.model_copy(update={"evidence": {"checks": []}})
    assert newest_judgement([refused], NOW) is None


@pytest.mark.parametrize(
    ("age", "verdict"),
    [(timedelta(0), "failed"), (2 * WEEK, "failed"), (2 * WEEK + timedelta(seconds=1), "inconclusive")],
)
def test_what_was_judged_long_ago_is_not_known_any_more(age, verdict):
    found = judge(record(1, quality=True), now=NOW + age)
    assert found.verdict == verdict
    if verdict == "inconclusive":
        assert found.severity == "warning"
        assert found.message == (
            "the error budgets were judged 2026-11-21 12:00 UTC, more than 2 windows ago; it said that of quality is used "
            "up: run the monitoring"
        )


def test_of_several_objectives_each_that_is_used_up_is_named():
    checks = [{"code": "SL-O001", "message": "freshness: 3 of 4", "details": {"sli": "freshness"}}]
    found = judge(record(1, checks=checks, freshness=True, quality=True, kpi=False), "freshness", "quality", "kpi")
    assert found.verdict == "failed"
    assert "frozen: freshness: 3 of 4; the error budget of quality is used up (judged" in found.message


def test_an_objective_that_is_declared_no_more_freezes_nothing():
    assert judge(record(1, freshness=True, quality=False)).verdict == "passed"


@pytest.mark.parametrize("known", [{"quality": None}, {"freshness": False}])
def test_a_budget_that_could_not_be_judged_is_no_pass(known):
    found = judge(record(1, **known))
    assert (found.verdict, found.severity) == ("inconclusive", "warning")
    assert found.message == "whether the error budget of quality is used up is not known (judged 2026-11-21 12:00 UTC)"


@pytest.mark.parametrize(("who", "severity"), [("dana", "warning"), ("airflow:manual", "critical"), ("", "critical")])
def test_somebody_has_to_be_named_who_lets_it_through(who, severity):
    assert judge(record(1, quality=True), despite=who).severity == severity
