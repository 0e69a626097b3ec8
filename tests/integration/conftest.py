"""A small project whose operators run without Airflow's database."""

import pytest
from operator_fixtures import Execute, executing, mlflow_database, stores

__all__ = ["execute", "mlflow_database", "stores"]


@pytest.fixture
def execute(stores) -> Execute:
    """Return a function that executes an operator as it is: what the stories tell hangs on its numbers."""
    return executing(stores)
