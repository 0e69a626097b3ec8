"""The step `retrain` on records of a real ledger: when an event is emitted, and what it says."""

from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors
from monitored_runs import LOSS, TRAFFIC, check, entry, leave, moved, release, run_step
from pilot_project import PILOT
from small_project import write_spec

from stageline.operators import AlertOperator, RetrainOperator
from stageline.operators import retrain as module
from stageline.operators.failure import GateFailed
from stageline.verdicts import Severity

ASSET = Asset("small.retrain", uri="stageline://small/retrain")
MONITOR = "{window: P7D, drift: {fail_above: 0.1}, retrain: {cooldown: P7D}}"
KPI = {"metric": "mean_absolute_error", "value": 11.7, "low": 11, "high": 12, "n": 90}
LOST = {"value": 0.17, "low": 0.12, "high": 0.2}


@pytest.fixture
def pilot(stores):
    write_spec(stores.project, **{**PILOT, "monitor": MONITOR})
    release(stores)
    return stores


@pytest.fixture
def ask(pilot):
    """Return a function that runs the step; gives the event's extra."""

    def run(run_id="m1", **given):
        events = OutletEventAccessors()
        operator = RetrainOperator(task_id="retrain", pipeline="small", outlets=[ASSET], **given)
        run_step(pilot, operator, run_id=run_id, outlet_events=events)
        return dict(events[ASSET].extra)

    return run


def lose(stores, *checks, **given):
    """Leave a window whose labels show a loss, and inputs that are as they were."""
    leave(stores, "drift", TRAFFIC, moved(verdict="passed"), **given)
    leave(stores, "performance", *(checks or (LOSS,)), kpi=KPI, loss=LOST, **given)


def skipped(ask, *given, **named):
    with pytest.raises(AirflowSkipException) as skip:
        ask(*given, **named)
    return str(skip.value)


def in_days(monkeypatch, days):
    monkeypatch.setattr(module, "_now", lambda: datetime.now(UTC) + timedelta(days=days))


def requests(stores):
    return [record for record in stores.records() if record.kind == "retrain"]


def test_a_loss_emits_an_event_that_says_why(pilot, ask):
    lose(pilot)
    told = ask()
    (request,) = requests(pilot)
    assert told == {
        "pipeline": "small", "why": "17 % worse than at release", "metric": "mean_absolute_error", "kpi": 11.7,
        "loss": 0.17, "window": {"start": "2026-03-01T00:00:00+00:00", "end": "2026-03-08T00:00:00+00:00"},
        "model": {"version": 1, "digest": "sha256:1"}, "incident": "small/performance/20260308T000000Z",
        "record": request.position,
    }  # fmt: skip
    record = pilot.records("retrain")[-1]
    assert (record.verdict, record.sentence) == ("passed", "a training is asked for: 17 % worse than at release")
    assert record.evidence["checks"][0]["code"] == "SL-M019"
    # The incident that the step after it opens has the name that the event told.
    with pytest.raises(GateFailed):
        run_step(pilot, AlertOperator(task_id="alert", pipeline="small"))
    (incident,) = pilot.records("alert")[-1].evidence["evidence"]["incidents"]
    assert incident["id"] == told["incident"]


def test_a_later_event_names_the_open_incident(pilot, ask, monkeypatch):
    lose(pilot)
    with pytest.raises(GateFailed):
        run_step(pilot, AlertOperator(task_id="alert", pipeline="small"))
    lose(pilot, run_id="m2", end="2026-03-15")
    assert ask("m2")["incident"] == "small/performance/20260308T000000Z"


def test_without_a_loss_it_is_skipped(pilot, ask):
    lose(pilot, check("SL-M014", "passed"))
    assert skipped(ask) == "no training is asked for: no loss of performance counts"
    assert pilot.records("retrain")[-1].verdict == "passed"


def test_without_a_record_it_is_not_known(pilot, ask):
    assert "whether the model got worse is not known" in skipped(ask)
    assert pilot.records("retrain")[-1].verdict == "warned"


def test_a_spec_that_asks_for_none_gets_none(pilot, ask):
    write_spec(pilot.project, **PILOT)
    lose(pilot)
    assert "monitor.retrain is not set" in skipped(ask)


@pytest.mark.parametrize(
    ("step", "found", "why"),
    [
        ("drift", check("SL-M008", "inconclusive", "no rows"), "mend the data first: no rows; the loss: 17 % worse"),
        ("drift", check("SL-M003", name="outside(x)"), "mend the data first: SL-M003"),
        ("cause", check("SL-M018", message="version 2 is better"), "roll back instead: version 2 is better"),
    ],
)
def test_something_else_comes_first(pilot, ask, step, found, why):
    lose(pilot)
    leave(pilot, step, TRAFFIC, found, again="other")
    assert why in skipped(ask)
    assert pilot.records("retrain")[-1].verdict == "warned"
    assert requests(pilot) == []


def test_with_persist_a_loss_has_to_come_back(pilot, ask):
    write_spec(pilot.project, **{**PILOT, "monitor": MONITOR.replace("retrain", "persist: {k: 2, n: 3}, retrain", 1)})
    lose(pilot, LOSS.model_copy(update={"severity": Severity.WARNING}))
    assert "no loss of performance comes back" in skipped(ask)
    back = check("SL-M017", message="worse in 2 of 3", details={"code": "SL-M014", "name": "loss"})
    lose(pilot, LOSS, back, run_id="m2", end="2026-03-15")
    assert ask("m2")["why"] == "worse in 2 of 3"


def test_the_cooldown_counts_from_the_last_request(pilot, ask, monkeypatch):
    lose(pilot)
    ask()
    lose(pilot, run_id="m2", end="2026-03-15")
    assert "the cooldown of 7 days, 0:00:00 lasts until" in skipped(ask, "m2")
    assert "after the request of 'small.monitor/m1'" in pilot.records("retrain")[-1].sentence
    in_days(monkeypatch, 8)
    lose(pilot, run_id="m3", end="2026-03-22")
    assert ask("m3")["window"]["end"] == "2026-03-22T00:00:00+00:00"
    assert len(requests(pilot)) == 2


def test_the_cooldown_counts_from_the_last_training(pilot, ask, monkeypatch):
    lose(pilot)
    with pilot.ledger() as ledger:
        ledger.append(entry("train", run_id="t2", dag_id="small.train"))
        ledger.append(entry("train", run_id="t3", dag_id="small.train", verdict="errored"))
    assert "after the training of 'small.train/t2'" in skipped(ask)
    in_days(monkeypatch, 8)
    lose(pilot, run_id="m2", end="2026-03-15")
    assert ask("m2")["pipeline"] == "small"


def test_a_retry_emits_the_same_event_for_one_request(pilot, ask, monkeypatch):
    lose(pilot)
    first = ask()
    assert ask() == first
    # Killed between the request and its report: the retry finds its own request, and asks.
    monkeypatch.setattr(RetrainOperator, "_idempotency_key", lambda self, run: "another try")
    assert ask() == first
    assert len(requests(pilot)) == 1


def test_of_two_runs_that_race_one_asks(pilot, ask, monkeypatch):
    lose(pilot, run_id="m1")
    lose(pilot, run_id="m2")
    newest, raced = module._newest_request, []

    def slow(run):
        found = newest(run)
        if run.run_id == "m1" and not raced and run.ledger.records("small", step="retrain") == []:
            raced.append(found)
            ask("m2")
        return found

    # m1 has read that nobody asked; before it writes, m2 asks.
    monkeypatch.setattr(module, "_before", lambda run: [])
    monkeypatch.setattr(module, "_newest_request", slow)
    assert "'small.monitor/m2' has just asked for it" in skipped(ask, "m1")
    assert [request.run_id for request in requests(pilot)] == ["m2"]
    assert raced == [None]


def test_an_older_window_asks_for_nothing(pilot, ask):
    lose(pilot, run_id="m1", end="2026-03-15")
    lose(pilot, run_id="m2", end="2026-03-08")
    assert "superseded: the window until 2026-03-15 00:00 was looked at since" in skipped(ask, "m2")


def test_a_loss_of_a_model_that_is_no_longer_in_use_asks_for_nothing(pilot, ask):
    lose(pilot)
    release(pilot, version=2, digest="sha256:2")
    assert "version 2 is in use by now, which this run did not look at" in skipped(ask)


def test_a_dry_run_asks_for_nothing(pilot, ask):
    lose(pilot)
    assert "dry run, or it would be asked for: 17 % worse than at release" in skipped(ask, mode="dry_run")
    assert requests(pilot) == []
