"""What the command says of itself, of specs and of what it does not know; nothing is run."""

import re

import pytest
from cli_process import call
from small_project import write_project, write_rows, write_spec

from stageline import __version__

COMMANDS = ("init", "validate", "plan", "run", "history", "rollback", "verify", "monitor", "rollout")


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path)
    return tmp_path


def test_version(tmp_path):
    assert call(tmp_path, "--version").out == f"{__version__}\n"


def test_help(tmp_path):
    shown = call(tmp_path, "--help").out
    assert all(f" {command} " in shown for command in COMMANDS)
    assert call(tmp_path).out.strip() == shown.strip()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(tmp_path, command):
    shown = call(tmp_path, command, "--help")
    assert shown.code == 0
    assert re.search(rf"Usage: stageline {command} \[OPTIONS\]", shown.out)
    assert "Root folder of the project." in shown.out


class TestValidate:
    def test_good(self, project):
        done = call(project, "validate")
        assert (done.code, done.out, done.err) == (0, "valid   small (poc)\n", "")

    def test_from_elsewhere(self, project, tmp_path_factory):
        done = call(tmp_path_factory.mktemp("elsewhere"), "validate", "--project", project)
        assert (done.code, done.out) == (0, "valid   small (poc)\n")

    def test_with_its_data(self, project):
        assert call(project, "validate", "--data").out == "valid   small (poc), 200 rows\n"

    def test_data_that_cannot_be_used(self, project):
        (project / "data/small.csv").unlink()
        done = call(project, "validate", "--data")
        assert done.code == 1
        assert done.err.startswith("broken  config/pipelines/small.yaml: 'data/small.csv': there is no such file")

    @pytest.mark.parametrize(
        ("change", "sentence"),
        [
            ({"stage": "pock"}, "config/pipelines/small.yaml:8: stage: found 'pock', allowed: poc, pilot, production"),
            (
                {"train": "{estimator: sklearn.linear_model.Rigde}"},
                "config/pipelines/small.yaml: train.estimator 'sklearn.linear_model.Rigde': scikit-learn has no such",
            ),
            ({"schedule": '"61 * * * *"'}, "config/pipelines/small.yaml: schedule: '61 * * * *' is no schedule"),
        ],
    )
    def test_broken(self, project, change, sentence):
        write_spec(project, **change)
        done = call(project, "validate")
        assert done.code == 1
        assert done.out == ""
        assert done.err.startswith(f"broken  {sentence}")

    def test_one_broken_spec_does_not_hide_the_others(self, project):
        (project / "config/pipelines/other.yaml").write_text("pipeline: other\n", encoding="utf-8")
        done = call(project, "validate")
        assert (done.code, done.out) == (1, "valid   small (poc)\n")
        assert "config/pipelines/other.yaml:1: " in done.err

    def test_an_unknown_name(self, project):
        done = call(project, "validate", "smal")
        assert done.code == 1
        assert "no pipeline 'smal'" in done.err
        assert "did you mean 'small'?" in done.err

    def test_no_project(self, tmp_path):
        done = call(tmp_path, "validate")
        assert done.code == 1
        assert done.err.startswith("error: no folder 'config/pipelines'")

    def test_no_pipeline(self, project):
        (project / "config/pipelines/small.yaml").unlink()
        done = call(project, "validate")
        assert (done.code, done.err) == (
            1,
            "error: config/pipelines: there is no pipeline; make one with: stageline init\n",
        )


def test_plan_shows_each_stage(project):
    done = call(project, "plan")

    assert done.code == 0
    assert "poc (declared)" in done.out
    assert "DAG small" in done.out
    assert re.search(r"train\.model  after features\.snapshot  Fit the spec's estimator", done.out)
    assert "pilot, the spec lacks owners.business, owners.model, owners.data, source.keys, gates" in done.out
    assert re.search(
        r"release\.approve  after monitor\.profile, release\.validate, report  Ask the approvers", done.out
    )
    assert re.search(r"release\.rollout  after release\.approve_1  Give the candidate traffic", done.out)
    assert "DAG small.drill" in done.out


def test_plan_refuses_what_it_does_not_know(project):
    done = call(project, "plan", "smal")
    assert done.code == 1
    assert "did you mean 'small'?" in done.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("trial", "--from", "nowhere.csv", "--target", "y"), "nowhere.csv"),
        (("trial", "--from", "data/small.csv", "--target", "z"), "'z'"),
        (("My Trial", "--from", "data/small.csv", "--target", "y"), "try 'my_trial'"),
    ],
)
def test_init_says_what_is_wrong_and_writes_nothing(tmp_path, arguments, sentence):
    (tmp_path / "data").mkdir()
    write_rows(tmp_path)
    done = call(tmp_path, "init", *arguments)
    assert done.code == 1
    assert done.err.startswith("error: ")
    assert sentence in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_unknown_pipeline_does_not_run(project):
    done = call(project, "run", "smal")
    assert done.code == 1
    assert "did you mean 'small'?" in done.err
