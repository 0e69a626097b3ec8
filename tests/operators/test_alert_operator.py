"""The step `alert` on records of a real ledger: incidents, who is told, and what a retry does."""

from datetime import UTC, datetime, timedelta

import pytest
from airflow.sdk import DAG, BaseNotifier
from airflow.sdk.exceptions import AirflowSkipException
from monitored_runs import LOSS, TRAFFIC, check, leave, moved, refuse, release, run_step
from pilot_project import PILOT
from small_project import write_spec

from stageline.exceptions import Outage
from stageline.operators import AlertOperator, DriftCheckOperator, GateFailed
from stageline.operators.incident_log import IncidentLog

OWNERS = "{business: dana, model: mo, data: di, operations: op}"


class Told(BaseNotifier):
    """Keep what it is told."""

    def __init__(self, alerts, broken=()):
        super().__init__()
        self.alerts, self.broken = alerts, broken

    def notify(self, context):
        alert = context["alert"]
        if alert.owner in self.broken:
            raise ConnectionRefusedError("no such server")
        self.alerts.append(alert)


@pytest.fixture
def pilot(stores):
    write_spec(stores.project, **{**PILOT, "owners": OWNERS})
    release(stores)
    return stores


@pytest.fixture
def alerts():
    return []


@pytest.fixture
def alert(pilot, alerts):
    """Return a function that runs the step; gives the sentence with which it failed, or nothing."""

    def run(run_id="m1", *, broken=(), try_number=1, **given):
        operator = AlertOperator(task_id="alert", pipeline="small", notifiers=[Told(alerts, broken)], **given)
        try:
            run_step(pilot, operator, run_id=run_id, try_number=try_number)
        except GateFailed as failed:
            return str(failed)
        return ""

    return run


def newest(stores):
    return stores.records("alert")[-1]


def incidents(stores):
    return {each["topic"]: each for each in newest(stores).evidence["evidence"]["incidents"]}


def kinds(stores):
    return [record.kind for record in stores.records() if record.kind in ("incident", "notified")]


def told(alerts):
    return [(each.title, each.owner) for each in alerts]


def test_a_failure_opens_an_incident_tells_its_owner_and_fails_the_run(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved())
    failed = alert()
    assert failed.startswith("alert failed: 1 incident is open: inputs (opened). psi(x) = 0.3, limit 0.1. Look at the")
    assert told(alerts) == [("small: inputs opened (critical)", "di")]
    found = incidents(pilot)["inputs"]
    assert {key: found[key] for key in ("id", "topic", "role", "owner", "state", "since", "windows")} == {
        "id": "small/inputs/20260308T000000Z", "topic": "inputs", "role": "data", "owner": "di", "state": "opened",
        "since": "2026-03-08T00:00:00+00:00", "windows": 1,
    }  # fmt: skip
    assert [each["name"] for each in found["checks"]] == ["psi(x)"]
    assert [(each["code"], each["verdict"]) for each in newest(pilot).evidence["checks"]] == [("SL-M020", "failed")]
    assert kinds(pilot) == ["incident", "notified"]
    assert newest(pilot).evidence["evidence"]["window"]["end"] == "2026-03-08T00:00:00+00:00"


def test_nothing_wrong_is_no_incident(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved(verdict="passed", value=0.01))
    assert alert() == ""
    assert (newest(pilot).verdict, newest(pilot).sentence) == ("passed", "1 of 1 checks passed")
    assert (alerts, kinds(pilot)) == ([], [])


def test_each_topic_is_an_incident_of_its_owners(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved(), check("SL-M005", name="psi(model.prediction)"))
    leave(pilot, "performance", LOSS, check("SL-M012"), check("SL-M013"), end="2026-03-01")
    leave(pilot, "objectives", check("SL-O001", name="budget(freshness)", details={"sli": "freshness"}))
    assert "6 incidents are open" in alert()
    assert {each.title.split()[1]: (each.role, each.owner) for each in alerts} == {
        "inputs": ("data", "di"), "outputs": ("model", "mo"), "performance": ("model", "mo"), "labels": ("data", "di"),
        "kpi": ("business", "dana"), "objective:freshness": ("operations", "op"),
    }  # fmt: skip


def test_over_the_weeks_it_is_told_once_updated_and_closed(pilot, alert, alerts):
    states = []
    for number, (end, found) in enumerate(
        [
            ("2026-03-08", [moved()]),
            ("2026-03-15", [moved()]),
            ("2026-03-22", [moved(), moved("y")]),
            ("2026-03-29", [moved(verdict="inconclusive"), moved("y", "inconclusive")]),
            ("2026-04-05", [moved(verdict="passed"), moved("y", "passed")]),
            ("2026-04-12", [moved(verdict="passed"), moved("y", "passed")]),
        ]
    ):
        leave(pilot, "drift", TRAFFIC, *found, run_id=f"m{number}", end=end)
        failed = alert(f"m{number}")
        states.append((bool(failed), incidents(pilot).get("inputs", {}).get("state")))
    assert states == [
        (True, "opened"), (True, "updated"), (True, "updated"), (True, "open"), (False, "closed"), (False, None),
    ]  # fmt: skip
    assert [each.state for each in alerts] == ["opened", "updated", "closed"]
    assert "psi(y)" in alerts[1].text
    assert "it failed in 3 windows since 2026-03-08" in alerts[2].text
    assert kinds(pilot).count("incident") == 4
    with pilot.ledger() as ledger:
        assert ledger.verify() == []


def test_with_persist_a_warning_keeps_it_open(pilot, alert):
    monitor = "{window: P7D, drift: {fail_above: 0.1}, persist: {k: 2, n: 3}}"
    write_spec(pilot.project, **{**PILOT, "monitor": monitor})
    warned = moved(severity="warning")
    back = check("SL-M009", name="persistent(psi(x))", details={"code": "SL-M001", "name": "psi(x)"})
    seen = ([warned], [warned, back], [warned], [moved(verdict="passed")])
    failed = []
    for number, found in enumerate(seen):
        leave(pilot, "drift", TRAFFIC, *found, run_id=f"m{number}", end=f"2026-03-{8 + number:02}")
        failed.append(bool(alert(f"m{number}")))
    assert failed == [False, True, True, False]


def test_an_older_window_changes_nothing(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved(verdict="passed"), run_id="m1", end="2026-03-15")
    assert alert("m1") == ""
    # A backfill of a week that is past finds what nobody can mend any more.
    leave(pilot, "drift", TRAFFIC, moved(), run_id="m2", end="2026-03-08")
    assert alert("m2") == ""
    leave(pilot, "drift", TRAFFIC, moved(), run_id="m3", end="2026-03-22")
    assert "inputs (opened)" in alert("m3")
    leave(pilot, "drift", TRAFFIC, moved(verdict="passed"), run_id="m4", end="2026-03-15")
    assert "inputs (open)" in alert("m4")
    assert len(alerts) == 1


def test_the_same_window_again_changes_nothing_until_its_data_are_mended(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved())
    assert "opened" in alert()
    leave(pilot, "drift", TRAFFIC, moved(), run_id="m2")
    assert "inputs (open)" in alert("m2")
    leave(pilot, "drift", TRAFFIC, moved(verdict="passed"), again="cleared")
    assert alert() == ""
    assert [each.state for each in alerts] == ["opened", "closed"]
    assert incidents(pilot)["inputs"]["state"] == "closed"


def test_a_step_that_errored_is_an_incident_of_operations(pilot, alert, alerts):
    refuse(pilot, "drift", "pipeline 'small' has no section 'monitor'")
    leave(pilot, "performance", check("SL-M014", "passed"))
    said = "monitoring (opened). the step 'drift' errored: pipeline 'small' has no section 'monitor'. Mend what stopped"
    assert said in alert()
    assert told(alerts) == [("small: monitoring opened (critical)", "op")]
    leave(pilot, "drift", TRAFFIC, run_id="m2", end="2026-03-09")
    # The fixture's runs all stand for the same moment: this one was looked at again.
    assert alert("m2") == ""
    assert [each.state for each in alerts] == ["opened", "closed"]


@pytest.mark.parametrize(
    "refusal", ["'data/small.csv': column 'x' is missing, which the reference holds", "column 'x' is string: no number"]
)
def test_data_that_drift_refuses_are_an_incident_of_the_inputs_until_they_are_mended(pilot, alert, alerts, refusal):
    refuse(pilot, "drift", refusal)
    # The run stands for November; what its window is, only the objectives tell.
    leave(pilot, "objectives", check("SL-O001", "passed"), end="2026-03-08")
    assert f"inputs (opened). {refusal}. Look at the source first" in alert()
    assert told(alerts) == [("small: inputs opened (critical)", "di")]
    assert incidents(pilot)["inputs"]["since"] == "2026-03-08T00:00:00+00:00"
    undecided = moved("y", "inconclusive")
    leave(pilot, "drift", TRAFFIC, moved(verdict="passed"), undecided, run_id="m2", end="2026-03-15")
    assert alert("m2") == ""
    assert [each.state for each in alerts] == ["opened", "closed"]


def test_a_refusal_of_another_step_is_an_incident_of_operations(pilot, alert):
    leave(pilot, "drift", TRAFFIC)
    refuse(pilot, "performance", "'data/labels.csv': column 'y' is missing")
    assert "1 incident is open: monitoring (opened). the step 'performance' errored: 'data/labels.csv'" in alert()


def test_that_nothing_is_known_of_a_topic_is_said_and_stops_nothing(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved(verdict="passed"))
    leave(pilot, "performance", check("SL-M014", "inconclusive", "22 rows, min_n = 30"), check("SL-M012", "passed"))
    assert alert() == ""
    assert (newest(pilot).verdict, alerts) == ("warned", [])
    assert newest(pilot).sentence == "no incident is open, but nothing is known of performance: 22 rows, min_n = 30"
    assert [(each["code"], each["name"], each["verdict"]) for each in newest(pilot).evidence["checks"]] == [
        ("SL-M020", "incidents", "passed"), ("SL-M020", "unknown(performance)", "inconclusive"),
    ]  # fmt: skip


def test_what_is_not_known_is_said_beside_an_incident_but_not_of_its_own_topic(pilot, alert):
    leave(pilot, "drift", TRAFFIC, moved())
    leave(pilot, "performance", check("SL-M014", "inconclusive"), check("SL-M013", "inconclusive"))
    assert "inputs (opened); nothing is known of performance, kpi. psi(x)" in alert()
    leave(pilot, "drift", check("SL-M008", "inconclusive", n=9), run_id="m2", end="2026-03-15")
    assert "1 incident is open: inputs (open). psi(x)" in alert("m2")


def test_a_topic_that_is_partly_known_is_not_unknown(pilot, alert):
    leave(pilot, "performance", check("SL-M014", "passed"), check("SL-M015", "inconclusive"))
    leave(pilot, "objectives", check("SL-O001", "inconclusive", severity="warning"))
    assert alert() == ""
    assert (newest(pilot).verdict, newest(pilot).sentence) == ("passed", "1 of 1 checks passed")


@pytest.mark.parametrize(("state", "problem"), [("failed", True), ("upstream_failed", True), ("skipped", False)])
def test_a_step_before_it_that_crashed_is_one_too_and_a_skipped_one_is_none(pilot, alerts, state, problem):
    with DAG("small.monitor", schedule=None):
        drift = DriftCheckOperator(task_id="drift", pipeline="small")
        operator = AlertOperator(task_id="alert", pipeline="small", notifiers=[Told(alerts)])
        drift >> operator
    leave(pilot, "performance", check("SL-M014", "passed"))
    asked = []

    def states(**given):
        asked.append(given)
        return {"m1": {"drift": state}}

    if problem:
        with pytest.raises(GateFailed, match=f"the step 'drift' left no record: its task 'drift' ended {state}. Mend"):
            run_step(pilot, operator, states=states)
    else:
        run_step(pilot, operator, states=states)
    assert asked[0] == {"dag_id": "small.monitor", "task_ids": ["drift"], "run_ids": ["m1"]}
    assert kinds(pilot) == (["incident", "notified"] if problem else [])


def test_nothing_looked_at_is_no_pass(pilot, alert):
    assert alert() == "alert inconclusive: no step of this run left a record: nothing is known"


def test_without_a_release_there_is_nothing_to_watch(stores):
    write_spec(stores.project, **PILOT)
    refuse(stores, "drift", "pipeline 'small' has no champion")
    with pytest.raises(AirflowSkipException, match="no model was ever released, so there is none to watch"):
        run_step(stores, AlertOperator(task_id="alert", pipeline="small"))
    assert kinds(stores) == []


# --- once, and at least once


def test_a_retry_tells_nobody_twice(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved())
    first, second = alert(), alert(try_number=2)
    assert first == second
    assert len(alerts) == 1
    assert kinds(pilot) == ["incident", "notified"]


def test_what_a_notifier_could_not_tell_a_retry_does(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved(), check("SL-M005", name="psi(model.prediction)"))
    with pytest.raises(
        Outage, match="Told did not tell di: ConnectionRefusedError: no such server. What happened is"
    ) as raised:
        alert(broken=("di",))
    assert "2 incidents are open" in str(raised.value)
    # The other owner was told, and both incidents are recorded.
    assert told(alerts) == [("small: outputs opened (critical)", "mo")]
    assert kinds(pilot) == ["incident", "incident", "notified"]
    assert alert(try_number=2).startswith("alert failed")
    assert told(alerts)[1:] == [("small: inputs opened (critical)", "di")]


def test_what_no_try_could_tell_the_next_run_does_in_one_alert(pilot, alert, alerts):
    leave(pilot, "drift", TRAFFIC, moved())
    with pytest.raises(Outage):
        alert(broken=("di",))
    leave(pilot, "drift", TRAFFIC, moved(), moved("y"), run_id="m2", end="2026-03-15")
    alert("m2")
    assert told(alerts) == [("small: inputs opened (critical)", "di")]
    assert "psi(y)" in alerts[0].text
    with pilot.ledger() as ledger:
        assert IncidentLog(ledger, "small").untold() == []


def test_a_crash_after_the_record_is_told_by_the_retry(pilot, alert, alerts, monkeypatch):
    leave(pilot, "drift", TRAFFIC, moved())

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(IncidentLog, "untold", killed)
        with pytest.raises(KeyboardInterrupt):
            alert()
    assert kinds(pilot) == ["incident"]
    assert "inputs (opened)" in alert(try_number=2)
    assert len(alerts) == 1


def test_of_two_runs_that_race_one_opens_and_the_other_joins(pilot, alert, monkeypatch):
    leave(pilot, "drift", TRAFFIC, moved(), run_id="m1")
    leave(pilot, "drift", TRAFFIC, moved(), run_id="m2", end="2026-03-15")
    append, raced = IncidentLog._append, []

    def slow(self, run, change, answering):
        if not raced:
            raced.append(change)
            alert("m2")
        return append(self, run, change, answering)

    monkeypatch.setattr(IncidentLog, "_append", slow)
    assert "inputs (open)" in alert("m1")
    with pilot.ledger() as ledger:
        (known,) = IncidentLog(ledger, "small").changes()
    assert (known.incident.id, known.incident.windows) == ("small/inputs/20260315T000000Z", 1)


def test_an_outage_of_mlflow_keeps_no_alert_back(pilot, alert, alerts, monkeypatch):
    monkeypatch.setenv("AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI", f"sqlite:///{pilot.home}/no/such/folder.db")
    leave(pilot, "drift", TRAFFIC, moved())
    assert alert().startswith("alert failed")
    assert len(alerts) == 1


def test_mlflow_charts_how_many_are_open(pilot, alert):
    leave(pilot, "drift", TRAFFIC, moved())
    alert()
    (run,) = pilot.mlflow_runs()
    assert run.data.metrics["incidents/open"] == 1
    end = datetime(2026, 3, 8, tzinfo=UTC)
    (point,) = pilot.mlflow().get_metric_history(run.info.run_id, "incidents/open")
    assert datetime.fromtimestamp(point.timestamp / 1000, UTC) - end < timedelta(days=1)
