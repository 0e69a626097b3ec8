"""A project from `init` to its second run, and what the command tells of it afterwards."""

import json
import re
import shutil
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest
from cli_process import call
from small_project import write_rows

# One project is begun and run for all of these.
pytestmark = pytest.mark.xdist_group("cli")


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
