"""The command lines of the local servers.

`airflow standalone` is not among them: the scheduler and the triggerer it starts serve their logs on every
address of the machine, and nothing can bind them to 127.0.0.1. The same four parts are started here one by
one, without those servers: the web server reads the logs from the folder they share.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from stageline.standalone.home import Home
from stageline.standalone.ports import LOOPBACK
from stageline.standalone.state import Running


@dataclass(frozen=True)
class Command:
    """One process to start.

    :param answers: Whether the others call it; it is stopped after those that call.
    :param folder: Working directory.
    """

    name: str
    arguments: tuple[str, ...]
    folder: Path
    answers: bool = False


def mlflow_server(running: Running, home: Home) -> Command:
    """Return the MLflow server: SQLite, artifacts through the server, one worker."""
    arguments = (
        *("--host", LOOPBACK, "--port", running.mlflow_url.rpartition(":")[2], "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{home.mlflow / 'mlflow.db'}"),
        *("--artifacts-destination", str(home.mlflow / "artifacts")),
    )
    return Command("mlflow", (sys.executable, "-m", "mlflow", "server", *arguments), home.mlflow, answers=True)


def airflow_migration(running: Running) -> Command:
    """Return the command that makes Airflow's database or brings it up to date, and ends."""
    return _airflow(running, "migration", "db", "migrate")


def airflow_parts(running: Running) -> tuple[Command, ...]:
    """Return the parts of Airflow that stay; paths in a pipeline's file are relative to the project."""
    return (
        _airflow(running, "api-server", "api-server", answers=True),
        _airflow(running, "scheduler", "scheduler", "--skip-serve-logs"),
        _airflow(running, "dag-processor", "dag-processor"),
        _airflow(running, "triggerer", "triggerer", "--skip-serve-logs"),
    )


def _airflow(running: Running, name: str, *arguments: str, answers: bool = False) -> Command:
    return Command(name, (sys.executable, "-m", "airflow", *arguments), running.project, answers=answers)
