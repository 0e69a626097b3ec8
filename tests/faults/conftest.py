"""A small project whose operators run without Airflow's database, and a pilot's stores at some moments."""

import pytest
from operator_fixtures import execute, mlflow_database, stores
from pilot_moments import Shelf

__all__ = ["execute", "mlflow_database", "shelf", "stores"]


@pytest.fixture(scope="session")
def shelf(tmp_path_factory, mlflow_database) -> Shelf:
    return Shelf.make(tmp_path_factory.mktemp("pilot"), mlflow_database)
