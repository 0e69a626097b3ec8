"""`stageline alerts`: the open incidents first, the closed ones when asked for."""

from datetime import UTC, datetime

import pytest
from cli_process import call
from small_project import write_project

from stageline.ledger import Entry, Ledger
from stageline.monitoring.incidents import Incident, Look, judge
from stageline.verdicts import Check


def look(day, verdict="failed", topic="inputs"):
    check = Check(code="SL-M003", name="outside(x)", verdict=verdict, message="outside(x) = [0.3], limit 0.1")
    return Look(topic, datetime(2026, 3, day, tzinfo=UTC), (check,))


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path / "project")
    with Ledger.open(f"sqlite:///{tmp_path / 'project/.airflow/stageline/ledger.db'}") as ledger:
        record(ledger, "train", {}, "")
    return tmp_path / "project"


def record(ledger, kind, evidence, key):
    return ledger.append(
        Entry(
            pipeline="small", kind=kind, step=kind, verdict="failed", sentence=kind, evidence=evidence, stage="pilot",
            mode="enabled", dag_id="small.monitor", run_id="m", task_id="alert", idempotency_key=f"{kind}/{key}",
            spec_digest="", package_version="",
        )
    )  # fmt: skip


def follow(project, *looks, owner="di", told=True):
    with Ledger.open(f"sqlite:///{project / '.airflow/stageline/ledger.db'}") as ledger:
        known: Incident | None = None
        for each in looks:
            known = judge("small", each, known)
            evidence = {"incident": known.model_dump(mode="json"), "role": "data", "owner": owner}
            position = record(ledger, "incident", evidence, f"{known.topic}/{known.revision}").position
            if told:
                record(ledger, "notified", {"positions": [position]}, str(position))


def test_a_pipeline_without_incidents_says_so(project):
    done = call(project, "alerts", "small")
    assert (done.code, done.out) == (0, "small: 0 open, 0 closed\n")


def test_open_incidents_come_first_and_closed_ones_when_asked_for(project):
    follow(project, look(1), look(3, "passed"))
    follow(project, look(2, topic="outputs"), look(4, topic="outputs"), owner="mo")
    shown = call(project, "alerts", "small").out
    assert not any(line.startswith("closed") for line in shown.splitlines())
    (line,) = [line for line in shown.splitlines() if line.startswith("open")]
    assert line == "open  outputs  since 2026-03-02 00:00, 2 windows, mo"
    assert "outside(x) = [0.3], limit 0.1" in shown
    assert "small: 1 open, 1 closed (--all shows them)" in shown
    shown = call(project, "alerts", "small", "--all").out
    first, second = [line.split()[:2] for line in shown.splitlines() if line.startswith(("open", "closed"))]
    assert (first, second) == (["open", "outputs"], ["closed", "inputs"])
    assert "2026-03-01 00:00 to 2026-03-03 00:00" in shown
    assert shown.endswith("small: 1 open, 1 closed\n")


def test_what_nobody_was_told_says_so(project):
    follow(project, look(1), told=False, owner="")
    shown = call(project, "alerts", "small").out
    assert "nobody" in shown
    assert "(not told yet)" in shown


def test_a_pipeline_that_the_ledger_does_not_know_is_refused(project):
    done = call(project, "alerts", "smal")
    assert (done.code, done.err) == (1, "error: the ledger knows no pipeline 'smal'; it knows: small\n")
