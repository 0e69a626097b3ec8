"""`stageline rollout` tells a rollout's story from the ledger, and writes its page."""

from types import SimpleNamespace

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from cli_process import call
from rollout_records import BEGAN, HOUR, METRICS, TEST, at_later, entry, plan, record_rollout
from small_project import write_project
from typer.testing import CliRunner

from stageline.ledger import Ledger, ModelVersion

QUICK = plan(metrics=METRICS[:1], steps=(25, 50))
AWAY = {
    "AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
    "AIRFLOW__STAGELINE__MLFLOW_UI_URL": "http://127.0.0.1:1",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Give a project with two rollouts: one undone by hand after a look, and one that has just begun."""
    folder = tmp_path_factory.mktemp("rollouts") / "project"
    write_project(folder)
    with ledger_of(folder) as ledger:
        record_rollout(ledger, QUICK, looks=1, rows=100)
        gone = entry("canary_end", "hand", "complaints of [bold]customers[/bold]", step="rollback", actor="dana")
        at_later(ledger, BEGAN + 2 * HOUR, lambda kept: kept.end_canary(gone, sequence=4))
        at_later(ledger, BEGAN, lambda kept: kept.append(entry("step", "between", "trained", step="train")))
        second(ledger, plan(metrics=METRICS[:1], steps=(50,), ab_test=TEST))
    return folder


def ledger_of(project):
    (project / ".airflow/stageline").mkdir(parents=True, exist_ok=True)
    return Ledger.open(f"sqlite:///{project / '.airflow/stageline/ledger.db'}")


@pytest.fixture
def stageline(monkeypatch):
    """Return a function that runs the command in this process while MLflow is away."""
    # The command sets these; they end with the test.
    for name in (
        "AIRFLOW__STAGELINE__PIPELINES_FOLDER",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES",
        "MLFLOW_HTTP_REQUEST_TIMEOUT",
    ):
        monkeypatch.setenv(name, "" if "FOLDER" in name else "1")
    monkeypatch.setenv("COLUMNS", "200")
    for name, value in AWAY.items():
        monkeypatch.setenv(name, value)

    def run(project, *arguments):
        from stageline.cli.app import app

        monkeypatch.setenv("AIRFLOW__STAGELINE__HOME", str(project / ".airflow/stageline"))
        done = CliRunner().invoke(app, ["rollout", *map(str, arguments), "--project", str(project)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return SimpleNamespace(code=done.exit_code, out=done.stdout, err=done.stderr)

    return run


def second(ledger, asked):
    """Begin another rollout of the same candidate, without a look."""
    candidate = entry("canary", "again", "tried again", {"evidence": "sha256:again"})
    model = ledger.records("bikes", kinds=["canary"])[0].evidence["canary_change"]["after"]["model"]
    return at_later(
        ledger, BEGAN + 3 * HOUR,
        lambda kept: kept.begin_canary(candidate, ModelVersion.model_validate(model), asked.steps[0], expected=1),
    )  # fmt: skip


def test_the_newest_is_told_and_without_a_look_it_says_so(project):
    done = call(project, "rollout", "bikes", **AWAY)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[0] == "bikes  rollout #8  under way"
    assert "Version 2 is held at 50" in done.out


def test_an_earlier_one_is_told_look_by_look(project, stageline):
    done = stageline(project, "bikes", "--sequence", "4")
    first, told, _, header, look, *approved = done.out.splitlines()
    assert first == "bikes  rollout #4  undone"
    assert told.endswith("by dana; version 1 stays the champion: complaints of [bold]customers[/bold]")
    assert header.split()[:3] == ["look", "time", "(UTC)"]
    assert look.split()[:6] == ["1", "2026-11-21", "21:00:00", "25", "%", "hold"]
    assert approved[-2:] == [
        "approved by mo, 2026-11-21 18:00 UTC (#2)", "approved by olu, 2026-11-21 18:20 UTC (#3)",
    ]  # fmt: skip


def test_the_page_is_written_although_mlflow_is_away(project, stageline, tmp_path):
    file = tmp_path / "rollout.html"
    done = stageline(project, "bikes", "--sequence", "4", "--page", file)
    assert done.code == 0
    assert "MLflow does not give all of the models' runs" in done.out
    assert done.out.splitlines()[-1] == f"page     {file}"
    page = file.read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "by dana" in page
    assert "MLflow run</a>" not in page


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (("wheels",), "error: the ledger knows no pipeline 'wheels'; it knows: bikes"),
        (("bikes", "--sequence", "1"), "error: record #1 of 'bikes' began no rollout; the newest that did: 8, 4"),
        (
            ("bikes", "--page", "nowhere/page.html"),
            "error: --page: 'nowhere/page.html' cannot be written: No such file or directory",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(project, stageline, arguments, refusal):
    done = stageline(project, *arguments)
    assert done.code == 1
    assert done.err.strip() == refusal


def test_without_a_rollout_it_says_which_stage_has_one(stageline, tmp_path):
    write_project(tmp_path / "project")
    with ledger_of(tmp_path / "project") as ledger:
        ledger.append(entry("step", "trained", "trained", step="train"))
    done = stageline(tmp_path / "project", "bikes")
    assert (done.code, done.err) == (
        1, "error: pipeline 'bikes' has no rollout on record: only the production stage has one\n",
    )  # fmt: skip
