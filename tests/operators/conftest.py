"""A small project with stores of its own, and a context like the one that Airflow gives to a task."""

import itertools
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from small_project import Stores, write_project


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory) -> Path:
    """Make an empty MLflow database once: its migrations take seconds."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    folder = tmp_path_factory.mktemp("mlflow")
    SqlAlchemyStore(f"sqlite:///{folder / 'mlflow.db'}", str(folder / "artifacts"))
    return folder / "mlflow.db"


@pytest.fixture
def stores(tmp_path, monkeypatch, mlflow_database) -> Stores:
    """Give the stores of a project with the pipeline `small`."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(mlflow_database, home / "mlflow.db")
    monkeypatch.setenv("AIRFLOW__STAGELINE__HOME", str(home))
    write_project(tmp_path / "project")
    return Stores(project=tmp_path / "project", home=home)


Context = Callable[..., dict[str, Any]]


@pytest.fixture
def context(stores) -> Context:
    """Return a function that makes the context of one task of one DAG run."""
    dag = SimpleNamespace(fileloc=str(stores.project / "dags" / "by_hand.py"))
    dag_run = SimpleNamespace(run_after=datetime(2026, 11, 20, tzinfo=UTC), run_type="manual")
    tries = itertools.count(1)

    def make(task_id: str = "task", *, run_id: str = "run-1", dag_id: str = "small") -> dict[str, Any]:
        task = SimpleNamespace(
            dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=-1, try_number=next(tries)
        )
        return {"ti": task, "dag_run": dag_run, "dag": dag}

    return make
