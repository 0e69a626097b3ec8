import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from stageline.ledger import Ledger
from stageline.spec import Stage, load_pipeline, missing_for
from stageline.standalone import way_up
from stageline.standalone.narrator import Narrator
from stageline.standalone.way_up import NOTES, PIPELINE, SOURCE, climb, follow, judge, settle


class Noting(Narrator):
    """Narrates without Airflow: notes which command is shown and which DAG is started."""

    done = ()

    def command(self, *arguments):
        object.__setattr__(self, "done", (*self.done, arguments))

    def start(self, dag_id):
        object.__setattr__(self, "done", (*self.done, dag_id))
        return dag_id

    def succeeds(self, run):
        return run != f"{PIPELINE}.score"


@pytest.fixture
def narrator(home):
    settle(home.way_up)
    return Noting(None, None, home, Console(file=io.StringIO()), lambda: None, 1.0)


def todo(code="SL-L101", how="", **given):
    return SimpleNamespace(code=code, how=how, title="t", owner="o", why="w", **{"needed": True, **given})


def judged(earned, *todos):
    return SimpleNamespace(stage=lambda _: SimpleNamespace(earned=earned, todo=todos))


def test_the_pipeline_says_from_the_start_what_each_stage_needs(home):
    settle(home.way_up)
    spec = load_pipeline(PIPELINE, home.way_up / "config/pipelines").spec
    assert spec.stage is Stage.POC
    assert [missing_for(spec, stage) for stage in Stage] == [(), (), ()]
    assert spec.source.uri == f"demo://{SOURCE}"


def test_airflow_reads_its_project_beside_the_own(home):
    settle(home.way_up)
    assert [file.name for file in (home.way_up / "dags").iterdir()] == ["way_up.py"]


def test_before_the_first_run_the_list_begins_with_a_run(narrator):
    Ledger.open(f"sqlite:///{narrator.home.ledger}").close()
    first = next(each for each in judge(narrator).stage(Stage.PILOT).todo if each.code == "SL-L002")
    assert follow(narrator, first)
    assert narrator.done == (PIPELINE,)


def test_a_check_is_run_and_a_dag_is_started(narrator):
    assert follow(narrator, todo(how="stageline readiness x --earn SL-L301"))
    assert follow(narrator, todo(how=f"airflow dags trigger {PIPELINE}.train"))
    assert not follow(narrator, todo(how=f"airflow dags trigger {PIPELINE}.score (once)"))
    project = ("--project", str(narrator.home.way_up))
    assert narrator.done == (
        ("readiness", PIPELINE, "--earn", "SL-L301", *project), f"{PIPELINE}.train", f"{PIPELINE}.score",
    )  # fmt: skip


@pytest.mark.parametrize("code", NOTES)
def test_only_what_no_check_can_see_is_attested(narrator, code):
    assert follow(narrator, todo(code, how=f"stageline attest x {code} …"))
    (command,) = narrator.done
    assert command[:3] == ("attest", PIPELINE, code)
    assert NOTES[code] in command


def test_what_is_for_a_person_is_said_and_ends_the_climb(narrator, monkeypatch):
    how = "name them in the YAML"
    monkeypatch.setattr(way_up, "judge", lambda _: judged(False, todo(how=how)))
    assert not climb(narrator, Stage.PILOT)
    assert f"that is for a person: {how}" in narrator.console.file.getvalue()
    assert narrator.done == ()


def test_the_climb_ends_when_the_stage_is_earned(narrator, monkeypatch):
    states = [
        judged(False, todo(needed=False), todo("SL-L301", how="--earn SL-L301")),
        judged(False, todo(how="--earn SL-L302")), judged(True),
    ]  # fmt: skip
    monkeypatch.setattr(way_up, "judge", lambda _: states.pop(0))
    assert climb(narrator, Stage.PILOT)
    assert [re.search(r"SL-L\d+", " ".join(each))[0] for each in narrator.done] == ["SL-L301", "SL-L302"]


def test_a_list_that_never_ends_is_given_up(narrator, monkeypatch):
    monkeypatch.setattr(way_up, "judge", lambda _: judged(False, todo(how="--earn SL-L301")))
    assert not climb(narrator, Stage.PILOT)
