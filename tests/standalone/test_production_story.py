import io
import json

import pytest
from rich.console import Console

from stageline.demo.calendar import Window
from stageline.ledger import Entry, Ledger, ModelVersion
from stageline.standalone.narrator import Narrator
from stageline.standalone.production_story import PIPELINE, SCORE, SOURCE, Act, Trial

ACT = Act(
    "two shares", Window("2024-01-01", "2024-02-01"),
    {25: Window("2024-01-01", "2024-03-01"), 50: Window("2024-01-01", "2024-04-01")}, True,
)  # fmt: skip


class Quick(Narrator):
    """Narrates without Airflow: notes which DAG is started, and until when the source goes by then."""

    scorings = ()
    state = True

    def start(self, dag_id):
        end = json.loads((self.home.calendars / f"{SOURCE}.json").read_text("utf-8"))["end"]
        object.__setattr__(self, "scorings", (*self.scorings, (dag_id, end)))
        return dag_id

    def succeeds(self, run):
        return self.state


@pytest.fixture
def narrator(home):
    return Quick(None, None, home, Console(file=io.StringIO()), lambda: None, 1.0)


@pytest.fixture
def ledger(home):
    with Ledger.open(f"sqlite:///{home.ledger}") as opened:
        opened.promote(entry("first"), model(1), expected=0)
        yield opened


def model(number):
    return ModelVersion(
        version=number, uri="u", digest=f"sha256:{number}", mlflow_run="r", snapshot=number,
        as_of=f"2026-01-0{number}T00:00:00.000000+00:00", dag_run=f"t/{number}",
    )  # fmt: skip


def entry(key):
    return Entry(
        pipeline=PIPELINE, step="rollout", verdict="passed", sentence=key, stage="production", mode="enabled",
        dag_id="t", run_id="r", task_id="t", idempotency_key=key, spec_digest="0", package_version="0",
    )  # fmt: skip


def test_each_share_is_scored_once_with_the_hours_that_came_in(narrator, ledger):
    trial = Trial(narrator, ACT)
    trial.go_on()
    assert narrator.scorings == ()
    sequence = ledger.begin_canary(entry("begun"), model(2), 25, expected=1).position
    trial.go_on()
    trial.go_on()
    assert narrator.scorings == ((SCORE, "2024-03-01"),)
    ledger.shift_canary(entry("more"), 50, sequence=sequence)
    trial.go_on()
    ledger.promote(entry("done"), model(2), expected=1)
    trial.go_on()
    assert narrator.scorings == ((SCORE, "2024-03-01"), (SCORE, "2024-04-01"))
    assert trial.as_told(released=True)
    assert not trial.as_told(released=False)


def test_a_canary_that_gets_further_than_told_is_not_as_told(narrator, ledger):
    trial = Trial(narrator, Act("one share", ACT.window, {25: ACT.live[25]}, False))
    sequence = ledger.begin_canary(entry("begun"), model(2), 25, expected=1).position
    trial.go_on()
    ledger.shift_canary(entry("more"), 50, sequence=sequence)
    trial.go_on()
    ledger.end_canary(entry("ended"), sequence=sequence)
    assert (trial.shares, len(narrator.scorings)) == ([25, 50], 2)
    assert not trial.as_told(released=False)


def test_a_canary_that_is_still_there_is_not_as_told(narrator, ledger):
    trial = Trial(narrator, Act("one share", ACT.window, {25: ACT.live[25]}, False))
    sequence = ledger.begin_canary(entry("begun"), model(2), 25, expected=1).position
    trial.go_on()
    assert not trial.as_told(released=False)
    ledger.end_canary(entry("ended"), sequence=sequence)
    assert trial.as_told(released=False)


def test_a_scoring_that_fails_is_not_as_told(narrator, ledger):
    trial = Trial(narrator, Act("one share", ACT.window, {25: ACT.live[25]}, False))
    sequence = ledger.begin_canary(entry("begun"), model(2), 25, expected=1).position
    object.__setattr__(narrator, "state", False)
    trial.go_on()
    ledger.end_canary(entry("ended"), sequence=sequence)
    assert not trial.as_told(released=False)


def test_without_a_ledger_nothing_was_told_before(narrator, home):
    assert not narrator.told_before(PIPELINE)
    assert list(home.stageline.iterdir()) == []
