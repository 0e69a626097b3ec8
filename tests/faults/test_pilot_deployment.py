"""A pilot in a real Airflow: approved, scored, rejected, and an old run that is cleared."""

import shutil
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from own_airflow import ROOT
from pilot_project import PILOT, write_days
from quick_airflow import quick_airflow
from small_project import write_project, write_spec
from waiting_for import wait_for

from stageline.ledger import Ledger
from stageline.standalone import Home
from stageline.standalone.airflow_api import AirflowApi, DagRun
from stageline.standalone.approving import APPROVE, REJECT, answer_when_read
from stageline.standalone.runs import first_run_after, trigger

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("standalone")]

TRAIN, SCORE, ASK = "small.train", "small.score", "release.approve"
MOST_SECONDS = 240
BACKFILLED = "2022-01-01T00:00:00+00:00"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
# The pilot's steps by hand, on a schedule that can be backfilled, and with approvers who are not waited for long.
BY_HAND = """
from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG
from airflow.sdk.bases.operator import chain
from stageline import operators

with DAG("by_hand", schedule="0 0 1 1 *", start_date=datetime(2021, 1, 1, tzinfo=timezone.utc), catchup=False):
    chain(
        operators.DataQualityOperator(task_id="quality", pipeline="small"),
        operators.FeatureSnapshotOperator(task_id="features", pipeline="small"),
        operators.TrainOperator(task_id="train", pipeline="small"),
        operators.EvaluateOperator(task_id="evaluate", pipeline="small"),
        operators.ModelValidationOperator(task_id="validate", pipeline="small"),
        operators.ApproveReleaseOperator(
            task_id="release.approve", pipeline="small", response_timeout=timedelta(seconds=40)
        ),
        operators.ReleaseOperator(task_id="release.release", pipeline="small"),
    )
"""


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
    (project / "dags/by_hand.py").write_text(BY_HAND, encoding="utf-8")
    home = Home.of(project)
    seen = SimpleNamespace()
    with quick_airflow(project, home) as running, AirflowApi.connect(running.airflow_url) as api:
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

        # Nobody will answer the other DAG's question: it waits for that beside the runs that follow.
        (unanswered,) = trigger(api, ["by_hand"], watch=lambda: None)

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

        seen.unanswered, seen.unanswered_states = deployed.end(unanswered), deployed.states(unanswered)
        seen.head_after_unanswered = deployed.head()

        backfill(deployed, seen)
        with deployed.ledger() as ledger:
            seen.records = ledger.records("small", newest_first=False)
        seen.tables = home.stageline / "tables/small"
        yield seen


def backfill(deployed, seen):
    """Backfill the other DAG."""
    body = {"dag_id": "by_hand", "from_date": BACKFILLED, "to_date": BACKFILLED, "run_backwards": False}
    deployed.api._ask("POST", "/backfills", json={**body, "max_active_runs": 1, "reprocess_behavior": "none"})
    backfilled = wait_for(lambda: next(iter(_of_type(deployed.api, "by_hand", "backfill")), None), seconds=60)
    deployed.answer(backfilled, APPROVE)
    seen.backfilled, seen.backfilled_states = deployed.end(backfilled), deployed.states(backfilled)
    seen.head_after_backfill = deployed.head()


def _of_type(api, dag_id, run_type):
    found = api._get(f"/dags/{dag_id}/dagRuns", limit=100).json()["dag_runs"]
    return [DagRun(dag_id, run["dag_run_id"]) for run in found if run["run_type"] == run_type]


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


def superseded(story):
    return [record for record in story.records if record.step == "release" and record.verdict == "inconclusive"]


def test_an_old_run_that_is_cleared_is_superseded_and_changes_nothing(story):
    assert story.cleared_states["release.release"] == "skipped"
    assert story.last_head == story.third_head
    record = superseded(story)[0]
    assert "is superseded by version" in record.sentence


def test_a_run_for_a_time_long_ago_is_superseded_and_changes_nothing(story):
    assert story.dated_states["release.release"] == "skipped"
    assert story.head_after_dated == story.third_head
    assert "this run stands for 2020-01-01" in superseded(story)[1].sentence


def test_a_backfilled_run_is_superseded_and_changes_nothing(story):
    assert story.backfilled_states["release.release"] == "skipped"
    assert story.head_after_backfill == story.third_head
    assert "this run stands for 2022-01-01" in superseded(story)[2].sentence
    assert len(superseded(story)) == 3


def test_a_question_that_nobody_answers_in_time_deploys_nothing(story):
    assert story.unanswered == "failed"
    assert (story.unanswered_states[ASK], story.unanswered_states["release.release"]) == ("failed", "upstream_failed")
    assert story.head_after_unanswered == story.third_head
    assert "nobody answered in time: nothing is released" in [record.sentence for record in story.records]


def test_every_change_of_the_head_has_one_record(story):
    assert [record.kind for record in story.records if record.kind in ("promotion", "rollback")] == ["promotion"] * 2
