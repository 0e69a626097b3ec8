"""Start processes, find them again by the mark in their environment, and end them with all their children.

The mark, not the process id, says what is ours: ids are used again, and children outlive their parents.
"""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from stageline.standalone.commands import Command
from stageline.standalone.errors import StandaloneError
from stageline.standalone.state import Service

MARK = "STAGELINE_STANDALONE"

_GRACE_SECONDS = 20.0  # the scheduler lets running tasks end first
_LAST_SECONDS = 5.0

# Children of this very process: unless somebody waits for them they stay as zombies.
_children: dict[int, "subprocess.Popen[bytes]"] = {}


def spawn(command: Command, environment: Mapping[str, str], logs: Path) -> Service:
    """Start a command in a session of its own, so that Ctrl-C in this terminal does not reach it.

    :param environment: The whole environment; it carries the mark.
    :param logs: Folder of the file `<name>.log`, which is begun anew.
    """
    log = logs / f"{command.name}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _children[process.pid] = process
    return Service(name=command.name, pid=process.pid, log=log, answers=command.answers)


def exit_code(service: Service, *, seconds: float) -> int | None:
    """Return how a child of this process ended, or None when it has not ended in time."""
    try:
        return _children[service.pid].wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def marked(token: str) -> list[psutil.Process]:
    """Return all living processes that carry the mark with this token."""
    return [process for process in psutil.process_iter() if _carries(process, token)]


def alive(services: Iterable[Service], token: str) -> set[str]:
    """Return the names of the services whose process still runs and is ours."""
    return {service.name for service in services if _runs(service.pid, token)}


def listening(token: str) -> list[tuple[str, int]]:
    """Return address and port of every socket on which a marked process accepts connections."""
    found: set[tuple[str, int]] = set()
    for process in marked(token):
        try:
            sockets = process.net_connections(kind="inet")
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        found.update((each.laddr.ip, each.laddr.port) for each in sockets if each.status == psutil.CONN_LISTEN)
    return sorted(found)


def end(services: Iterable[Service], token: str, *, grace_seconds: float = _GRACE_SECONDS) -> int:
    """End the services and every process they left; those that call others go first.

    :returns: How many processes had to be ended.
    :raises StandaloneError: When some survive even SIGKILL.
    """
    everyone = _with_descendants(marked(token))
    services = list(services)
    for answers in (False, True):
        pids = {service.pid for service in services if service.answers is answers}
        leaders = [process for process in everyone if process.pid in pids]
        _signal_and_wait(leaders, signal.SIGTERM, grace_seconds)
    for number in (signal.SIGTERM, signal.SIGKILL):
        # What was started meanwhile carries the mark as well.
        _signal_and_wait(_living({*everyone, *marked(token)}), number, _LAST_SECONDS)
    _reap(services)
    left = _living({*everyone, *marked(token)})
    if left:
        raise StandaloneError(
            f"{len(left)} processes did not end: {', '.join(str(process.pid) for process in left)}; "
            "end them by hand, then stop once more"
        )
    return len(everyone)


def _carries(process: psutil.Process, token: str) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(MARK) == token and _lives(process)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _runs(pid: int, token: str) -> bool:
    try:
        return _carries(psutil.Process(pid), token)
    except psutil.NoSuchProcess:
        return False


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if _lives(process)]


def _with_descendants(processes: list[psutil.Process]) -> set[psutil.Process]:
    """Add children that were started with an environment of their own, without the mark."""
    return {*processes, *_descendants(processes)}


def _descendants(processes: Iterable[psutil.Process]) -> Iterator[psutil.Process]:
    for process in processes:
        try:
            yield from process.children(recursive=True)
        except psutil.NoSuchProcess:
            continue


def _signal_and_wait(processes: list[psutil.Process], number: signal.Signals, seconds: float) -> None:
    for process in processes:
        try:
            # psutil compares start times first: an id that was given away meanwhile is left alone.
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=seconds)


def _reap(services: Iterable[Service]) -> None:
    for service in services:
        child = _children.get(service.pid)
        if child is not None and child.poll() is not None:
            del _children[service.pid]
