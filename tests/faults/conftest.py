"""A small project whose operators run without Airflow's database, and a pilot's stores at some moments."""

import pytest
from operator_fixtures import execute, mlflow_database, stores
from pilot_moments import Shelf
from shelves import pilot_shelf

__all__ = ["execute", "mlflow_database", "pilot_shelf", "shelf", "stores"]


@pytest.fixture
def shelf(pilot_shelf) -> Shelf:
    return pilot_shelf
