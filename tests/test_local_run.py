"""How a run in this process ended, when no verdict ended it."""

import os
from pathlib import Path
from types import SimpleNamespace

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest

from stageline.exceptions import Refusal
from stageline.local_run import _outcome, _prepare_database, prepare_environment
from stageline.verdicts import Mode, Verdict

LOG = """\
Traceback (most recent call last):
  File "runs.py", line 1, in find
stageline.exceptions.TrackingError: MLflow at http://mlflow:5000: no answer; is the server up?
2026-11-20 [info] Task instance state updated
"""


def record(verdict, mode=Mode.DRY_RUN):
    return SimpleNamespace(step="quality", verdict=verdict, mode=mode, sentence="the data are bad")


@pytest.mark.parametrize(("verdict", "mode"), [(Verdict.ERRORED, Mode.ENABLED), (Verdict.FAILED, Mode.ENABLED)])
def test_a_verdict_that_ended_the_run_is_its_outcome(tmp_path, verdict, mode):
    outcome = _outcome(None, record(verdict, mode), tmp_path / "run.log", succeeded=False)
    assert (outcome.succeeded, outcome.sentence) == (False, "the data are bad")


@pytest.mark.parametrize(
    ("newest", "where"), [(record(Verdict.PASSED), "after the record of step 'quality'"), (None, "before any step")]
)
def test_another_error_is_quoted_from_the_log(tmp_path, newest, where):
    log = tmp_path / "run.log"
    log.write_text(LOG, encoding="utf-8")

    outcome = _outcome(None, newest, log, succeeded=False)

    assert outcome.sentence.startswith(f"the run failed {where}")
    assert outcome.sentence.endswith("TrackingError: MLflow at http://mlflow:5000: no answer; is the server up?")
    assert outcome.places == {"log": str(log)}


def test_without_an_error_the_logs_end_is_shown(tmp_path):
    log = tmp_path / "run.log"
    log.write_text("".join(f"line {number}\n" for number in range(100)), encoding="utf-8")
    shown = _outcome(None, None, log, succeeded=False).sentence.splitlines()
    assert shown[1:3] == ["the log ends:", "line 75"]
    assert shown[-1] == "line 99"


def test_the_project_that_was_asked_for_wins(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("AIRFLOW"):
            monkeypatch.setenv(name, "kept")
    monkeypatch.setenv("AIRFLOW__STAGELINE__PIPELINES_FOLDER", "/another/config/pipelines")

    prepare_environment(tmp_path / "config" / "pipelines")

    assert os.environ["AIRFLOW_HOME"] == "kept"
    assert Path(os.environ["AIRFLOW__STAGELINE__PIPELINES_FOLDER"]) == tmp_path / "config" / "pipelines"


def test_a_database_of_another_airflow_is_left_alone(tmp_path, monkeypatch):
    from airflow import settings
    from sqlalchemy import create_engine, text

    engine = create_engine(f"sqlite:///{tmp_path / 'airflow.db'}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('e3a246e0dc1')"))
    monkeypatch.setattr(settings, "engine", engine)

    def outdated(_):
        raise TimeoutError

    monkeypatch.setattr("airflow.utils.db.check_migrations", outdated)
    with pytest.raises(Refusal, match="was made by another version of Airflow; run `airflow db migrate`"):
        _prepare_database()
    engine.dispose()
