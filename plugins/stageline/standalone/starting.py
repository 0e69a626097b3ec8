"""Bring both servers up, or leave nothing behind."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from stageline.standalone.commands import airflow_migration, airflow_parts, mlflow_server
from stageline.standalone.environment import environment
from stageline.standalone.errors import StandaloneError
from stageline.standalone.health import airflow_is_healthy, local_client, mlflow_is_healthy
from stageline.standalone.home import Home
from stageline.standalone.keys import keys_of
from stageline.standalone.logs import tail
from stageline.standalone.processes import alive, end, exit_code, listening, spawn
from stageline.standalone.state import Running, Service, read_state, write_state

Say = Callable[[str], None]

_POLL_SECONDS = 0.3


def bring_up(running: Running, home: Home, *, say: Say, seconds: float) -> Running:
    """Start MLflow and Airflow, wait until both answer, and write down what was started.

    :param running: Project, token and addresses; no service yet.
    :param seconds: How long all of it may take.
    :raises StandaloneError: When one of them ends early or does not answer in time.
    """
    deadline = time.monotonic() + seconds
    variables = environment(running, home, keys_of(home))
    # Written before the first process: whatever happens to this one, `down` knows the token.
    write_state(home, running)
    with local_client() as client, ExitStack() as undo:
        undo.callback(take_down, home)
        say("starting MLflow and Airflow")
        tracking = spawn(mlflow_server(running, home), variables, home.logs)
        running = _noted(home, running, tracking)
        migration = spawn(airflow_migration(running), variables, home.logs)
        _wait_for_end(migration, deadline)
        for part in airflow_parts(running):
            running = _noted(home, running, spawn(part, variables, home.logs))
        mlflow, airflow = running.mlflow_url, running.airflow_url
        _wait_for(lambda: mlflow_is_healthy(client, mlflow), [tracking], running, deadline)
        say(f"MLflow is up on {mlflow}")
        _wait_for(lambda: airflow_is_healthy(client, airflow), running.services, running, deadline)
        say(f"Airflow is up on {airflow}")
        running = running.model_copy(update={"ready": True})
        write_state(home, running)
        undo.pop_all()
    return running


def take_down(home: Home) -> None:
    """End everything that was started in a home, and forget it.

    :raises StandaloneError: When a process cannot be ended.
    """
    running = read_state(home)
    if running is not None:
        end(running.services, running.token)
        home.state.unlink()


def open_to_others(token: str) -> list[str]:
    """Return the sockets that other machines could reach, as `address:port`."""
    return [f"{ip}:{port}" for ip, port in listening(token) if ip not in ("127.0.0.1", "::1")]


def _noted(home: Home, running: Running, service: Service) -> Running:
    joined = running.joined_by(service)
    write_state(home, joined)
    return joined


def _wait_for_end(migration: Service, deadline: float) -> None:
    code = exit_code(migration, seconds=max(0.0, deadline - time.monotonic()))
    if code == 0:
        return
    what = "did not end in time" if code is None else f"failed with exit code {code}"
    raise StandaloneError(f"Airflow's database could not be made: `airflow db migrate` {what}\n{_ends([migration])}")


def _wait_for(answers: Callable[[], bool], services: Sequence[Service], running: Running, deadline: float) -> None:
    while not answers():
        living = alive(services, running.token)
        dead = [service for service in services if service.name not in living]
        if dead:
            names = ", ".join(service.name for service in dead)
            raise StandaloneError(f"{names} ended while starting; the end of its log:\n{_ends(dead)}")
        if time.monotonic() > deadline:
            names = ", ".join(service.name for service in services)
            raise StandaloneError(f"{names} did not answer in time; the end of the logs:\n{_ends(services)}")
        time.sleep(_POLL_SECONDS)


def _ends(services: Sequence[Service]) -> str:
    return "\n".join(f"--- {service.log}\n{tail(service.log)}" for service in services)
