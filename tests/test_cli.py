"""The command `stageline`, as a person types it in an environment of nothing but their own."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from small_project import write_project, write_rows, write_spec

from stageline import __version__

COMMAND = Path(sys.executable).parent / "stageline"
COMMANDS = ("init", "validate", "plan", "run", "history")


def call(folder: Path, *arguments: object, **environment: str) -> SimpleNamespace:
    """Run the command in a folder, with a home of its own and no other setting."""
    clean = {"PATH": f"{COMMAND.parent}:/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "200", **environment}
    done = subprocess.run(
        [COMMAND, *map(str, arguments)], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)


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
    assert "pilot: not in this version of Stageline" in done.out


def test_plan_refuses_what_it_does_not_know(project):
    done = call(project, "plan", "smal")
    assert done.code == 1
    assert "did you mean 'small'?" in done.err


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """Begin a project with `init` from a file elsewhere, and run its pipeline twice."""
    project, elsewhere = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "data").mkdir()
    write_rows(elsewhere)
    began = call(project, "init", "trial", "--from", elsewhere / "data/small.csv", "--target", "y")
    runs = [call(project, "run", "trial") for _ in range(2)]
    return SimpleNamespace(project=project, began=began, runs=runs)


def test_init_writes_a_project_that_runs(used):
    assert used.began.code == 0
    assert "wrote config/pipelines/trial.yaml" in used.began.out
    assert "wrote data/small.csv" in used.began.out
    assert used.began.out.endswith("then stageline run trial\n")
    assert call(used.project, "validate", "--data").out == "valid   trial (poc), 200 rows\n"


def test_init_overwrites_nothing(used):
    spec = used.project / "config/pipelines/trial.yaml"
    before = spec.read_bytes()
    done = call(used.project, "init", "trial", "--from", "data/small.csv", "--target", "y")
    assert done.code == 1
    assert "exists already" in done.err
    assert spec.read_bytes() == before


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


def test_a_run_shows_its_steps_and_where_to_look(used):
    first = used.runs[0]
    assert first.code == 0, first.err
    lines = first.out.splitlines()
    assert [line.split()[0] for line in lines[:5]] == ["quality", "features", "train", "evaluate", "report"]
    # Never folded, wherever the output goes.
    assert re.search(r"features  passed +\d+\.\d s  snapshot version 0 of 200 rows and \d features", lines[1])
    places = dict(re.findall(r"^(report|mlflow|log) +(.+)$", first.out, re.MULTILINE)[-3:])
    assert Path(places["report"]).read_text("utf-8").startswith("<!doctype html>")
    assert Path(places["log"]).stat().st_size > 0
    assert places["mlflow"].startswith("mlflow server --backend-store-uri sqlite:///")


def test_a_second_run_says_that_nothing_changed(used):
    assert used.runs[1].code == 0
    assert "snapshot version 0" in used.runs[1].out
    assert re.search(r"Snapshot and metrics are the same as in run manual__", used.runs[1].out)


def test_a_project_keeps_its_runs_to_itself(used):
    made = {path.name for path in used.project.iterdir()}
    assert made == {".airflow", ".gitignore", "config", "dags", "data"}


def test_history_is_a_table(used):
    done = call(used.project, "history", "trial")
    assert done.code == 0
    assert done.out.count("trial  manual__") == 2
    assert re.search(r"^  #1 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  quality +passed", done.out, re.MULTILINE)
    assert done.out.endswith("10 record(s); the chain is whole\n")


def test_history_as_json(used):
    done = call(used.project, "history", "--json", "--limit", "2")
    records = [json.loads(line) for line in done.out.splitlines()]
    assert [(record["position"], record["step"]) for record in records] == [(9, "evaluate"), (10, "report")]
    assert records[0]["evidence"]["evidence"]["metrics"]


def test_history_of_an_unknown_pipeline(used):
    done = call(used.project, "history", "trail")
    assert done.code == 1
    assert "the ledger knows no pipeline 'trail'; it knows: trial" in done.err


def test_history_finds_what_was_tampered_with(used, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(used.project, project)
    with sqlite3.connect(project / ".airflow/stageline/ledger.db") as ledger:
        for trigger in ("update", "delete", "replace"):
            ledger.execute(f"DROP TRIGGER stageline_record_no_{trigger}")
        ledger.execute("UPDATE stageline_record SET sentence = 'all is well' WHERE position = 3")
    ledger.close()

    done = call(project, "history")

    assert done.code == 1
    assert "the chain is broken" in done.out
    assert re.search(r"broken  trial #3: a value was edited", done.err)


def test_a_refused_run_says_why(used, tmp_path):
    project = tmp_path / "copy"
    shutil.copytree(used.project, project)
    (project / "data/small.csv").write_bytes(b"x,colour,y\n1,red,\xe9\n")

    done = call(project, "run", "trial")

    assert done.code == 1
    sentence = r"'data/small\.csv': byte 0xe9 at offset 17 \(line 2\) is not UTF-8"
    assert re.search(rf"^quality +errored .*{sentence}", done.out, re.MULTILINE)
    # The conclusion stands once more by itself, before the places.
    assert re.search(rf"\n\n{sentence}.*\n\nlog ", done.out)


def test_an_unknown_pipeline_does_not_run(project):
    done = call(project, "run", "smal")
    assert done.code == 1
    assert "did you mean 'small'?" in done.err


def test_a_run_asks_for_its_own_project_whatever_is_configured(used):
    done = call(used.project, "validate", AIRFLOW__STAGELINE__PIPELINES_FOLDER=os.devnull)
    assert done.code == 0
