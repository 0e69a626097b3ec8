"""A pilot in a real Airflow: approved, scored, rejected, and an old run that is cleared."""

import shutil
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from own_airflow import ROOT
from pilot_project import PILOT, write_days
from small_project import write_project, write_spec
from waiting_for import wait_for

from stageline.ledger import Ledger
from stageline.standalone import Home, start, stop
from stageline.standalone.airflow_api import AirflowApi
from stageline.standalone.approving import APPROVE, REJECT, answer_when_read
from stageline.standalone.runs import first_run_after, trigger

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("standalone")]

TRAIN, SCORE, ASK = "small.train", "small.score", "release.approve"
MOST_SECONDS = 240
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Deployment:
    """The two DAGs of a pilot in a running Airflow."""

    def __init__(self, api, home, project):
        self.api, self.home, self.project = api, home, project

    def head(self):
        with self.ledger() as ledger:
            assert ledger.verify() == []
            return ledger.head("small")

    def ledger(self):
        return Ledger.open(f"sqlite:///{self.home.stageline / 'ledger.db'}")

    def train(self):
        (run,) = trigger(self.api, [TRAIN], watch=lambda: None)
        return run

    def states(self, run):
        return {task.task_id: task.state for task in self.api.tasks(run)}

    def answer(self, run, option):
        def answered():
            (task,) = [task for task in self.api.tasks(run) if task.task_id == ASK]
            if task.state == "awaiting_input":
                answer_when_read(self.api, run, task, option)
            return task.state in ("success", "failed")

        wait_for(answered, seconds=MOST_SECONDS)

    def end(self, run):
        return wait_for(
            lambda: self.api.state(run) in ("success", "failed") and self.api.state(run), seconds=MOST_SECONDS
        )


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Release, reject, release better, clear the first run; remember what was seen in between."""
    project = tmp_path_factory.mktemp("project")
    write_project(project)
    write_spec(project, **PILOT)
    write_days(project, 30)
    shutil.copy(ROOT / "dags/stageline_dags.py", project / "dags")
    home = Home.of(project)
    running = start(project, home)
    seen = SimpleNamespace()
    try:
        with AirflowApi.connect(running.airflow_url) as api:
            deployed = Deployment(api, home, project)
            wait_for(lambda: api.knows(SCORE), seconds=90)
            api.unpause(SCORE)

            first = deployed.train()
            deployed.answer(first, APPROVE)
            seen.approved = deployed.end(first)
            assert seen.approved == "success", deployed.states(first)
            seen.first_head = deployed.head()
            scored = first_run_after(api, SCORE, first, watch=lambda: None)
            seen.score_run = wait_for(lambda: _ended(api, SCORE, scored.run_id), seconds=MOST_SECONDS)

            write_days(project, 40)
            second = deployed.train()
            deployed.answer(second, REJECT)
            seen.rejected, seen.rejected_states = deployed.end(second), deployed.states(second)
            seen.rejected_head = deployed.head()

            third = deployed.train()
            deployed.answer(third, APPROVE)
            seen.better, seen.third_head = deployed.end(third), deployed.head()

            api._ask(
                "POST", f"/dags/{TRAIN}/clearTaskInstances",
                json={"dry_run": False, "dag_run_id": first.run_id, "only_failed": False, "reset_dag_runs": True},
            )  # fmt: skip
            wait_for(lambda: deployed.states(first).get(ASK) != "success", seconds=60)
            deployed.answer(first, APPROVE)
            seen.cleared, seen.cleared_states = deployed.end(first), deployed.states(first)
            seen.last_head = deployed.head()

            dated = api.trigger(TRAIN, logical_date=LONG_AGO)
            deployed.answer(dated, APPROVE)
            seen.dated, seen.dated_states = deployed.end(dated), deployed.states(dated)
            seen.head_after_dated = deployed.head()
            with deployed.ledger() as ledger:
                seen.records = ledger.records("small", newest_first=False)
            seen.tables = home.stageline / "tables/small"
            yield seen
    finally:
        stop(home)


def _ended(api, dag_id, run_id):
    run = api._get(f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}").json()
    return run if run["state"] in ("success", "failed") else None


def test_an_approval_releases(story):
    assert story.approved == "success"
    assert (story.first_head.generation, story.first_head.champion.version) == (1, 1)


def test_a_release_is_scored_with(story):
    from deltalake import DeltaTable

    assert (story.score_run["state"], story.score_run["run_type"]) == ("success", "asset_triggered")
    predictions = DeltaTable(str(story.tables / "predictions")).to_pyarrow_table()
    assert set(predictions["model_version"].to_pylist()) <= {1, story.third_head.champion.version}
    assert predictions.num_rows >= 240


def test_a_rejection_deploys_nothing(story):
    assert story.rejected == "failed"
    assert (story.rejected_states[ASK], story.rejected_states["release.release"]) == ("failed", "upstream_failed")
    assert story.rejected_head == story.first_head


def test_a_better_one_takes_over(story):
    assert story.better == "success"
    assert story.third_head.generation == 2
    assert story.third_head.champion.dag_run.startswith("small.train/")


def test_an_old_run_that_is_cleared_is_superseded_and_changes_nothing(story):
    assert story.cleared_states["release.release"] == "skipped"
    assert story.last_head == story.third_head
    record, _ = [record for record in story.records if record.step == "release" and record.verdict == "inconclusive"]
    assert "is superseded by version" in record.sentence


def test_a_run_for_a_time_long_ago_is_superseded_and_changes_nothing(story):
    """As a backfill's are: Airflow starts them today, for a date before what was released."""
    assert story.dated_states["release.release"] == "skipped"
    assert story.head_after_dated == story.third_head
    _, record = [record for record in story.records if record.step == "release" and record.verdict == "inconclusive"]
    assert "this run stands for 2020-01-01" in record.sentence


def test_every_change_of_the_head_has_one_record(story):
    assert [record.kind for record in story.records if record.kind in ("promotion", "rollback")] == ["promotion"] * 2
