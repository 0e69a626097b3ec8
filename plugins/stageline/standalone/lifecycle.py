"""Start, stop and look at the servers of one home."""

import uuid
from dataclasses import dataclass
from pathlib import Path

from stageline.standalone.errors import StandaloneError
from stageline.standalone.home import Home
from stageline.standalone.ports import LOOPBACK, choose_port
from stageline.standalone.processes import alive, listening
from stageline.standalone.starting import Say, bring_up, open_to_others, take_down
from stageline.standalone.state import Running, read_state

AIRFLOW_PORT = 8080
MLFLOW_PORT = 5000

_START_SECONDS = 180.0


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Status:
    """What became of the servers that were started.

    :param running: What was started; None when nothing was.
    :param gone: Names of the services whose process has ended.
    :param listening: Address and port of every socket on which they accept connections.
    """

    running: Running | None
    gone: tuple[str, ...] = ()
    listening: tuple[tuple[str, int], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything runs."""
        return self.running is not None and self.running.ready and not self.gone


def status(home: Home) -> Status:
    """Return what runs in a home and what has gone.

    :raises StandaloneError: When the home's state cannot be read.
    """
    running = read_state(home)
    if running is None:
        return Status(None)
    living = alive(running.services, running.token)
    gone = tuple(service.name for service in running.services if service.name not in living)
    return Status(running, gone, tuple(listening(running.token)))


def start(project: Path, home: Home, *, say: Say = _silent, seconds: float = _START_SECONDS) -> Running:
    """Start MLflow and Airflow for a project and return when both answer; what runs already is kept.

    :param project: Folder that holds `dags/` and, if it has any, `plugins/`.
    :param say: Takes a sentence about the progress.
    :param seconds: How long both may take.
    :raises StandaloneError: When one of them does not come up; then nothing is left running.
    """
    project = project.resolve()
    if not (project / "dags").is_dir():
        raise StandaloneError(f"project {str(project)!r} has no folder 'dags'; expected one with DAG files")
    home.make()
    with home.locked():
        found = status(home)
        if found.running is not None and found.complete:
            _refuse_other_project(found.running, project)
            say("Airflow and MLflow run already")
            return found.running
        if found.running is not None:
            gone = ", ".join(found.gone) or "the rest of an earlier start"
            say(f"{gone} had gone: ending what is left and starting anew")
            take_down(home)
        running = bring_up(_planned(project, say), home, say=say, seconds=seconds)
    for socket in open_to_others(running.token):
        say(f"warning: a socket is open to other machines: {socket}")
    return running


def stop(home: Home, *, say: Say = _silent) -> bool:
    """Stop everything that was started in a home; return False when nothing was.

    :raises StandaloneError: When a process cannot be ended.
    """
    if not home.folder.is_dir():
        return False
    with home.locked():
        if read_state(home) is None:
            return False
        say("stopping Airflow and MLflow")
        take_down(home)
        return True


def _refuse_other_project(running: Running, project: Path) -> None:
    if running.project != project:
        raise StandaloneError(
            f"this home serves project {str(running.project)!r}, not {str(project)!r}; "
            "stop it first, or choose another home"
        )


def _planned(project: Path, say: Say) -> Running:
    airflow = choose_port(AIRFLOW_PORT)
    mlflow = choose_port(MLFLOW_PORT, taken=[airflow])
    for name, port, preferred in (("Airflow", airflow, AIRFLOW_PORT), ("MLflow", mlflow, MLFLOW_PORT)):
        if port != preferred:
            say(f"port {preferred} is taken: {name} gets {port}")
    return Running(
        project=project,
        token=uuid.uuid4().hex,
        airflow_url=f"http://{LOOPBACK}:{airflow}",
        mlflow_url=f"http://{LOOPBACK}:{mlflow}",
    )
