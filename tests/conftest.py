"""A PostgreSQL server of the tests' own, for every room that keeps something in one."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Workers and what they start share few cores: threads that wait for each other there take many times as long.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")

# How long one example takes says more of the machine than of the code.
settings.register_profile("stageline", deadline=None)
settings.load_profile("stageline")

# What Airflow and Stageline read of the environment; `AIRFLOW_CTX_` is what a task leaves there.
_READ = ("AIRFLOW__", "AIRFLOW_HOME", "STAGELINE")
_BINARIES = ("initdb", "pg_ctl", "postgres")
_SETTINGS = (
    "-c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
)


@pytest.fixture(autouse=True)
def no_trace_in_the_environment() -> Iterator[None]:
    """Let no test set what Airflow or Stageline read from the environment of the tests after it."""
    before = _settings_now()
    yield
    assert _settings_now() == before


def _settings_now() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_READ)}


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Start a temporary server, give the URL of its database `postgres`, and stop it at the end."""
    missing = [name for name in _BINARIES if shutil.which(name) is None]
    if missing:
        pytest.skip(f"PostgreSQL is not installed: {', '.join(missing)} not on the PATH")
    with tempfile.TemporaryDirectory(prefix="stageline-postgres-") as folder:
        data, log = Path(folder, "data"), Path(folder, "server.log")
        as_user = _unprivileged_user(folder)
        _run_in(folder, as_user, "initdb", "--no-sync", "--auth=trust", "--username=stageline", "-E", "UTF8", data)
        port = _free_port()
        try:
            options = f"-p {port} {_SETTINGS}"
            _run_in(folder, as_user, "pg_ctl", "start", "-w", "-D", data, "-l", log, "-o", options)
            yield f"postgresql://stageline@127.0.0.1:{port}/postgres"
        finally:
            if (data / "postmaster.pid").exists():
                _run_in(folder, as_user, "pg_ctl", "stop", "-w", "-m", "immediate", "-D", data)


def _run_in(folder: str, as_user: dict[str, object], *command: object) -> None:
    # The output goes to a file: the server would keep a pipe open.
    output = Path(folder, "commands.log")
    with output.open("a", encoding="utf-8") as stream:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            timeout=60,
            check=False,
            **as_user,
        )
    if done.returncode:
        said = "".join(log.read_text(encoding="utf-8") for log in Path(folder).glob("*.log"))
        pytest.fail(f"{command[0]} ended with {done.returncode}:\n{said}")


def _unprivileged_user(folder: str) -> dict[str, object]:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
