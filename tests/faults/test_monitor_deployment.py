"""Monitoring in a real Airflow: it follows each scoring, finds that the target changed, alerts, and asks for a model."""

import shutil
from types import SimpleNamespace

import pytest
from own_airflow import ROOT
from pilot_project import PILOT, write_days
from quick_airflow import quick_airflow
from small_project import write_project, write_spec
from waiting_for import wait_for

from stageline.ledger import Ledger
from stageline.standalone import Home
from stageline.standalone.airflow_api import AirflowApi
from stageline.standalone.approving import APPROVE, answer_when_read
from stageline.standalone.runs import first_run_after, trigger

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("standalone")]

TRAIN, SCORE, MONITOR = "small.train", "small.score", "small.monitor"
MOST_SECONDS = 240
WATCHED = {
    **PILOT,
    "monitor": "{window: P7D, drift: {fail_above: 0.2}, performance: {min_n: 30}, retrain: {cooldown: PT1S}}",
    "slo": "[{sli: kpi, target: 0.5, max_error: 20, min_events: 30}]",
}


class Deployment:
    """The three DAGs of a pilot in a running Airflow."""

    def __init__(self, api, home):
        self.api, self.home = api, home

    def end(self, run):
        return wait_for(
            lambda: self.api.state(run) in ("success", "failed") and self.api.state(run), seconds=MOST_SECONDS
        )

    def states(self, run):
        return {task.task_id: task.state for task in self.api.tasks(run)}

    def approved(self, run):
        def answered():
            (task,) = [task for task in self.api.tasks(run) if task.task_id == "release.approve"]
            if task.state == "awaiting_input":
                answer_when_read(self.api, run, task, APPROVE)
            return task.state in ("success", "failed")

        wait_for(answered, seconds=MOST_SECONDS)
        return self.end(run)

    def watched_after(self, scoring):
        """Return how the monitoring that a scoring started ended, and its tasks."""
        run = first_run_after(self.api, MONITOR, scoring, watch=lambda: None)
        return SimpleNamespace(run=run, ended=self.end(run), states=self.states(run))


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Release a model and score; then let the target change, score again, and follow what comes of it."""
    project = tmp_path_factory.mktemp("project")
    write_project(project)
    write_spec(project, **WATCHED)
    write_days(project, 40)
    shutil.copy(ROOT / "dags/stageline_dags.py", project / "dags")
    home = Home.of(project)
    seen = SimpleNamespace()
    with quick_airflow(project, home) as running, AirflowApi.connect(running.airflow_url) as api:
        deployed = Deployment(api, home)
        wait_for(lambda: api.knows(MONITOR), seconds=90)
        api.unpause(SCORE)
        api.unpause(MONITOR)

        (first,) = trigger(api, [TRAIN], watch=lambda: None)
        assert deployed.approved(first) == "success", deployed.states(first)
        scoring = first_run_after(api, SCORE, first, watch=lambda: None)
        assert deployed.end(scoring) == "success"
        seen.quiet = deployed.watched_after(scoring)

        write_days(project, 48, changed_from=40)
        (again,) = trigger(api, [SCORE], watch=lambda: None)
        assert deployed.end(again) == "success"
        seen.changed = deployed.watched_after(again)
        seen.asked = first_run_after(api, TRAIN, seen.changed.run, watch=lambda: None)
        with Ledger.open(f"sqlite:///{home.stageline / 'ledger.db'}") as ledger:
            assert ledger.verify() == []
            seen.records = ledger.records("small", newest_first=False)
        seen.home = home
        yield seen


def steps(story, run):
    return {record.step: record for record in story.records if record.run_id == run.run_id and record.kind == "step"}


def test_each_scoring_is_followed_by_a_look_at_its_newest_rows(story):
    found = steps(story, story.quiet.run)

    assert story.quiet.ended == "success", story.quiet.states
    assert found["drift"].evidence["evidence"]["window"]["end"] == "2026-02-09T22:00:00+00:00"
    assert found["drift"].verdict in ("passed", "warned")
    # All rows were there when the model was trained: nothing is known of its performance yet.
    assert found["performance"].verdict == "warned"


def test_a_target_that_changed_is_found_though_no_input_moved(story):
    found = steps(story, story.changed.run)

    assert found["drift"].verdict in ("passed", "warned")
    assert found["performance"].verdict == "failed"
    loss = next(check for check in found["performance"].evidence["checks"] if check["code"] == "SL-M014")
    assert loss["verdict"] == "failed"


def test_one_incident_is_opened_and_the_run_is_red(story):
    assert story.changed.ended == "failed"
    assert story.changed.states["act.alert"] == "failed"
    incidents = steps(story, story.changed.run)["alert"].evidence["evidence"]["incidents"]
    assert [(each["topic"], each["state"], each["owner"]) for each in incidents if each["topic"] == "performance"] == [
        ("performance", "opened", "mo")
    ]


def test_a_new_model_is_asked_for_by_an_asset_and_goes_the_normal_way(story):
    assert story.changed.states["act.retrain"] == "success"
    assert story.quiet.states["act.retrain"] == "skipped"
    assert story.asked.dag_id == TRAIN
    assert story.asked.run_id.startswith("asset_triggered__")
