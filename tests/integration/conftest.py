"""A small project whose operators run without Airflow's database."""

from operator_fixtures import execute, mlflow_database, stores

__all__ = ["execute", "mlflow_database", "stores"]
