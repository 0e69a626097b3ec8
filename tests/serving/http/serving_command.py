"""`stageline serve small` for a project of operators' tests, as a process of its own."""

import contextlib
import subprocess
from collections.abc import Iterator

from cli_process import COMMAND
from served_project import Running
from small_project import Stores


@contextlib.contextmanager
def serving(stores: Stores) -> Iterator[Running]:
    """Start the server, give it, and end it."""
    environment = {
        "PATH": f"{COMMAND.parent}:/usr/bin:/bin", "HOME": str(stores.home), "COLUMNS": "200", "OMP_NUM_THREADS": "1",
        "AIRFLOW_HOME": str(stores.home / "airflow"), "AIRFLOW__STAGELINE__HOME": str(stores.home),
        "AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI": f"sqlite:///{stores.home / 'mlflow.db'}",
    }  # fmt: skip
    command = [COMMAND, "serve", "small", "--port", "0", "--poll-seconds", "0.1", "--project", stores.project]
    process = subprocess.Popen(
        [str(part) for part in command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Running(process)
    try:
        yield running
    finally:
        running.kill()
