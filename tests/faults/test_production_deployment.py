"""A pipeline in production in a real Airflow: the first release, a canary that is promoted, and one that is undone."""

import shutil
from types import SimpleNamespace

import pytest
from own_airflow import ROOT
from pilot_project import write_days
from production_project import METRICS, production
from quick_airflow import quick_airflow
from small_project import write_project, write_spec
from waiting_for import wait_for

from stageline.ledger import Ledger
from stageline.standalone import Home
from stageline.standalone.airflow_api import AirflowApi
from stageline.standalone.approving import APPROVE, answer_when_read
from stageline.standalone.runs import first_run_after, trigger

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("standalone")]

TRAIN, SCORE, DRILL, ASK, ROLLOUT = (
    "small.train", "small.score", "small.drill", "release.approve_1", "release.rollout",
)  # fmt: skip
MOST_SECONDS = 300
PLAN = f"{{steps: [25, 50], interval: PT3S, deadline: PT4M, min_events: 30, metrics: {METRICS}}}"


class Deployment:
    """The DAGs of a pipeline in production in a running Airflow."""

    def __init__(self, api, home, project):
        self.api, self.home, self.project = api, home, project
        self.seen_states = set()

    def head(self):
        with self.ledger() as ledger:
            return ledger.head("small")

    def ledger(self):
        return Ledger.open(f"sqlite:///{self.home.stageline / 'ledger.db'}")

    def states(self, run):
        return {task.task_id: task.state for task in self.api.tasks(run)}

    def run(self, dag_id):
        (run,) = trigger(self.api, [dag_id], watch=lambda: None)
        return run

    def ended(self, run):
        state = self.api.state(run)
        return state if state in ("success", "failed") else None

    def train(self):
        """Train and approve; returns the run, whose rollout goes on by itself."""
        run = self.run(TRAIN)

        def answered():
            (task,) = [task for task in self.api.tasks(run) if task.task_id == ASK]
            if task.state == "awaiting_input":
                answer_when_read(self.api, run, task, APPROVE)
            return task.state in ("success", "failed")

        wait_for(answered, seconds=MOST_SECONDS)
        return run

    def score(self):
        run = self.run(SCORE)
        return wait_for(lambda: self.ended(run), seconds=MOST_SECONDS)

    def at_percent(self, run, percent):
        """Wait until the canary of a run has a share of the rows; remember in which states its task was."""

        def there():
            self.seen_states.add(self.states(run).get(ROLLOUT))
            canary = self.head().canary
            return canary is not None and canary.percent == percent

        wait_for(there, seconds=MOST_SECONDS)

    def scored_after(self, run):
        """Wait for the scoring that a new champion starts, so that no other one comes in between."""
        scored = first_run_after(self.api, SCORE, run, watch=lambda: None)
        assert wait_for(lambda: self.ended(scored), seconds=MOST_SECONDS) == "success"

    def end(self, run):
        return wait_for(lambda: self.ended(run), seconds=MOST_SECONDS)

    def spoil_canary(self):
        digest = self.head().canary.model.digest.replace(":", "-")
        (self.home.stageline / f"tables/small/models/{digest}.skops").write_bytes(b"no model")
        for stored in self.project.rglob("model.skops"):
            stored.write_bytes(b"no model")


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """Release the first, promote the second by its steps, undo the third at 50 %, and rehearse a rollback."""
    project = tmp_path_factory.mktemp("project")
    write_project(project)
    write_spec(project, **production(PLAN))
    write_days(project, 30)
    shutil.copy(ROOT / "dags/stageline_dags.py", project / "dags")
    home = Home.of(project)
    seen = SimpleNamespace()
    with quick_airflow(project, home) as running, AirflowApi.connect(running.airflow_url) as api:
        deployed = Deployment(api, home, project)
        wait_for(lambda: api.knows(DRILL), seconds=90)
        api.unpause(SCORE)
        first = deployed.train()
        seen.first = deployed.end(first)
        seen.first_head = deployed.head()
        deployed.scored_after(first)

        write_days(project, 40)
        second = deployed.train()
        for percent in (25, 50):
            deployed.at_percent(second, percent)
            assert deployed.score() == "success"
        seen.second, seen.second_head = deployed.end(second), deployed.head()
        deployed.scored_after(second)

        write_days(project, 50)
        third = deployed.train()
        deployed.at_percent(third, 25)
        assert deployed.score() == "success"
        deployed.at_percent(third, 50)
        deployed.spoil_canary()
        seen.score_of_spoilt = deployed.score()
        seen.third, seen.third_states, seen.third_head = (
            deployed.end(third), deployed.states(third), deployed.head()
        )  # fmt: skip
        seen.drill = deployed.end(deployed.run(DRILL))
        seen.waiting = deployed.seen_states
        with deployed.ledger() as ledger:
            seen.records, seen.faults = ledger.records("small", newest_first=False), ledger.verify()
        yield seen


def looks(story, sequence):
    return [
        (record.evidence["percent"], record.evidence["action"])
        for record in story.records
        if record.kind == "look" and record.evidence["sequence"] == sequence
    ]


def sequences(story):
    begun = [record for record in story.records if record.kind == "canary"]
    return [record.position for record in begun if record.evidence["canary_change"]["before"] is None]


def test_the_first_model_is_released_at_once(story):
    assert story.first == "success"
    assert (story.first_head.champion.version, story.first_head.canary) == (1, None)


def test_a_good_canary_is_promoted_by_its_steps(story):
    assert story.second == "success"
    assert (story.second_head.champion.version, story.second_head.canary) == (2, None)
    acted = [look for look in looks(story, sequences(story)[0]) if look[1] != "hold"]
    assert acted == [(25, "advance"), (50, "promote")]


def test_a_waiting_rollout_holds_no_worker(story):
    assert "deferred" in story.waiting


def test_a_canary_that_fails_is_undone_and_the_champion_answers_for_it(story):
    assert story.score_of_spoilt == "success"
    assert (story.third, story.third_states[ROLLOUT]) == ("failed", "failed")
    assert (story.third_head.champion.version, story.third_head.canary) == (2, None)
    acted = [look for look in looks(story, sequences(story)[1]) if look[1] != "hold"]
    assert acted == [(25, "advance"), (50, "roll_back")]
    (end,) = [record for record in story.records if record.kind == "canary_end"]
    assert "harm beyond doubt" in end.sentence


def test_the_drill_passes_and_the_chain_holds(story):
    assert story.drill == "success"
    assert story.faults == []
