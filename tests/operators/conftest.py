"""A small project whose operators run without Airflow's database."""

from operator_fixtures import execute, mlflow_database, stores
from shelves import pilot_shelf, production_shelf

__all__ = ["execute", "mlflow_database", "pilot_shelf", "production_shelf", "stores"]
