"""Airflow's own ways to read a DAG file and to run a DAG, on a database of the tests' own."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import own_airflow
import pytest
from rough_intervals import roughen


def _parse(dag_file: Path) -> SimpleNamespace:
    import structlog
    from airflow.dag_processing.processor import DagFileParseRequest, _parse_file

    bundle = next(folder for folder in dag_file.parents if folder.name == "dags")
    request = DagFileParseRequest(
        file=str(dag_file), bundle_path=bundle, bundle_name="dags-folder", callback_requests=[]
    )
    result = _parse_file(request, structlog.get_logger())
    return SimpleNamespace(
        dags={dag.dag_id: dag.data["dag"] for dag in result.serialized_dags}, errors=result.import_errors
    )


@pytest.fixture
def parse() -> Callable[[Path], SimpleNamespace]:
    """Return a function that reads a DAG file as the DAG processor does: DAGs by id, errors by file."""
    return _parse


@pytest.fixture(scope="session")
def airflow_database() -> None:
    from airflow.utils.db import initdb

    (own_airflow.HOME / "dags").mkdir(exist_ok=True)
    initdb()


@pytest.fixture(scope="session")
def stageline_home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("stageline")


@pytest.fixture
def run_dag(airflow_database, stageline_home, monkeypatch) -> Callable[..., Any]:
    """Return a function that runs one DAG of a file to its end, and gives its DAG run."""
    monkeypatch.setenv("AIRFLOW__STAGELINE__HOME", str(stageline_home))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    roughen(monkeypatch)

    def run(dag_file: Path, dag_id: str) -> Any:
        from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
        from airflow.models.dagbundle import DagBundleModel
        from airflow.utils.session import create_session

        bag = BundleDagBag(dag_folder=str(dag_file), bundle_path=dag_file.parent, bundle_name="tests")
        with create_session() as session:
            session.merge(DagBundleModel(name="tests"))
        sync_bag_to_db(bag, "tests", None)
        return bag.dags[dag_id].test()

    return run
