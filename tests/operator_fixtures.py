"""A small project with stores of its own, and a context like the one that Airflow gives to a task."""

import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from rough_intervals import roughen
from small_project import Stores, empty_mlflow_database, write_project

_databases: list[Path] = []


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory) -> Path:
    """Give an MLflow database to copy; however many folders have this fixture, a worker makes one."""
    if not _databases:
        _databases.append(empty_mlflow_database(tmp_path_factory.mktemp("mlflow")))
    return _databases[0]


@pytest.fixture
def stores(tmp_path, monkeypatch, mlflow_database) -> Stores:
    """Give the stores of a project with the pipeline `small`."""
    made = make_stores(tmp_path, mlflow_database)
    point_at(made, monkeypatch)
    return made


def make_stores(folder: Path, mlflow_database: Path) -> Stores:
    """Make a project and empty stores."""
    home = folder / "home"
    home.mkdir()
    shutil.copy(mlflow_database, home / "mlflow.db")
    write_project(folder / "project")
    return Stores(project=folder / "project", home=home)


def point_at(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Airflow's configuration name these stores."""
    monkeypatch.setenv("AIRFLOW__STAGELINE__HOME", str(stores.home))
    monkeypatch.setenv("AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI", f"sqlite:///{stores.home / 'mlflow.db'}")
    # MLflow leaves the address it was told in the environment: it ends with the test.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")


Execute = Callable[..., dict[str, Any]]
RUN_AFTER = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def execute(stores, monkeypatch) -> Execute:
    """Return a function that executes an operator as a task of a DAG run, with rough intervals."""
    roughen(monkeypatch)
    return executing(stores)


def executing(stores: Stores) -> Execute:
    """Return a function that executes an operator as a task of a DAG run, without Airflow's database."""
    dag = SimpleNamespace(fileloc=str(stores.project / "dags" / "by_hand.py"))

    def run(
        operator: Any,
        *,
        run_id: str = "run-1",
        dag_id: str = "small",
        try_number: int = 1,
        run_after: datetime = RUN_AFTER,
        params: Mapping[str, Any] | None = None,
        event: Mapping[str, Any] | None = None,
        told: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        if isinstance(operator, type):
            operator = operator(task_id=operator.step, pipeline="small")
        task = SimpleNamespace(
            id="7", dag_id=dag_id, run_id=run_id, task_id=operator.task_id, map_index=-1, try_number=try_number
        )
        dag_run = SimpleNamespace(run_after=run_after, run_type="manual")
        context = {"ti": task, "task_instance": task, "dag_run": dag_run, "dag": dag, "params": params or {}}
        if told is not None:
            context["triggering_asset_events"] = {"predictions": [SimpleNamespace(extra=told)]}
        return operator.execute(context) if event is None else operator.execute_complete(context, event)

    return run
