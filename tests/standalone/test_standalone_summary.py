import io

import pytest
from rich.console import Console

from stageline.ledger import Entry, Ledger
from stageline.standalone.airflow_api import DagRun
from stageline.standalone.summary import records_of, show_run
from stageline.verdicts import Mode, Verdict

RUN = DagRun("bikes", "manual__2026-01-01T00:00:00+00:00")


def entry(step, verdict, sentence, *, run=RUN, mode=Mode.ENABLED, kind="step"):
    return Entry(
        pipeline="bikes",
        kind=kind,
        step=step,
        verdict=verdict,
        sentence=sentence,
        stage="poc",
        mode=mode,
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id=step,
        idempotency_key=f"{run.run_id}/{step}/{kind}/{sentence}",
        spec_digest="0",
        package_version="0",
    )


@pytest.fixture
def ledger(home):
    return Ledger.open(f"sqlite:///{home.stageline / 'ledger.db'}")


def shown(records):
    console = Console(file=io.StringIO(), width=120)
    show_run(console, RUN, records)
    return console.file.getvalue()


def test_the_records_of_the_run_are_shown_in_the_order_they_were_written(home, ledger):
    ledger.append(entry("quality", Verdict.WARNED, "hum has 3 nulls", mode=Mode.DRY_RUN))
    ledger.append(entry("report", Verdict.PASSED, "the model saves 12 bikes [an hour]"))
    ledger.append(entry("quality", Verdict.FAILED, "of another run", run=DagRun("bikes", "other")))
    records = records_of(RUN, home)
    assert [record.step for record in records] == ["quality", "report"]
    text = shown(records)
    assert "warned" in text
    assert "dry run" not in text
    assert "of another run" not in text
    assert text.rstrip().endswith("the model saves 12 bikes [an hour]")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_row(home, ledger, verdict):
    ledger.append(entry("gate", verdict, "a sentence"))
    assert str(verdict) in shown(records_of(RUN, home))


def test_a_run_without_a_ledger_has_no_records_and_makes_none(home):
    assert records_of(RUN, home) == []
    assert "recorded no verdicts" in shown([])
    assert list(home.stageline.iterdir()) == []


def test_what_would_have_stopped_the_pipeline_says_that_it_did_not(home, ledger):
    ledger.append(entry("quality", Verdict.FAILED, "hum has 3 nulls", mode=Mode.DRY_RUN))
    assert "failed (dry run)" in shown(records_of(RUN, home))


def test_of_a_rollout_each_look_is_shown_and_its_end_once(home, ledger):
    for kind, sentence in (
        ("canary", "version 2 is tried at 25 %"),
        ("look", "version 2 at 25 %: too few rows"),
        ("canary_end", "the rollout is undone: too slow"),
        ("step", "the rollout is undone: too slow"),
    ):
        ledger.append(entry("rollout", Verdict.PASSED, sentence, kind=kind))
    text = shown(records_of(RUN, home))
    assert "too few rows" in text
    assert "is tried" not in text
    assert text.count("the rollout is undone") == 1
