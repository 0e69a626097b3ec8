import os
import signal
import subprocess
import sys

import psutil
import pytest
from waiting import wait_for

from stageline.standalone.processes import alive, end, listening, marked
from stageline.standalone.state import Service

SLEEP = "import time; print('ready'); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], {options})
print(f"ready {{child.pid}}")
child.wait()
"""


def child_of(service: Service) -> psutil.Process:
    return psutil.Process(int(service.log.read_text(encoding="utf-8").split()[1]))


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_service_lives_until_it_is_ended(spawn_python, token):
    service = spawn_python(SLEEP)
    assert alive([service], token) == {"small"}
    end([service], token)
    assert alive([service], token) == set()
    assert marked(token) == []


@pytest.mark.parametrize("options", ["", "start_new_session=True", "env={}"])
def test_children_do_not_survive(spawn_python, token, options):
    service = spawn_python(PARENT.format(options=options))
    child = child_of(service)
    end([service], token)
    assert gone(child)


@pytest.mark.parametrize("options", ["", "start_new_session=True"])
def test_children_of_a_parent_killed_from_outside_are_found(spawn_python, token, options):
    service = spawn_python(PARENT.format(options=options))
    child = child_of(service)
    os.kill(service.pid, signal.SIGKILL)
    wait_for(lambda: alive([service], token) == set())
    assert marked(token) == [child]
    end([service], token)
    assert gone(child)


def test_a_process_that_ignores_sigterm_is_killed(spawn_python, token):
    service = spawn_python(STUBBORN)
    end([service], token, grace_seconds=0.1)
    assert marked(token) == []


def test_those_who_call_end_before_those_who_answer(spawn_python, token, tmp_path):
    note = (
        "import signal, sys; "
        "signal.signal(signal.SIGTERM, lambda *_: (open({path!r}, 'a').write({name!r}), sys.exit())); "
    )
    path = str(tmp_path / "order")
    server = spawn_python(note.format(path=path, name="server ") + SLEEP, name="server", answers=True)
    caller = spawn_python(note.format(path=path, name="caller ") + SLEEP, name="caller")
    end([server, caller], token)
    assert (tmp_path / "order").read_text(encoding="utf-8") == "caller server "


def test_a_process_id_that_was_given_to_somebody_else_is_left_alone(token, tmp_path):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        stale = Service(name="scheduler", pid=bystander.pid, log=tmp_path / "log", answers=False)
        assert alive([stale], token) == set()
        assert end([stale], token) == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_mark_of_another_start_is_not_ours(spawn_python, token):
    service = spawn_python(SLEEP)
    end([service], "another token")
    assert alive([service], token) == {"small"}


def test_sockets_of_all_marked_processes_are_listed(spawn_python, token):
    service = spawn_python(
        "import socket, time; server = socket.create_server(('127.0.0.1', 0)); "
        "print('ready', server.getsockname()[1]); time.sleep(600)"
    )
    port = int(service.log.read_text(encoding="utf-8").split()[1])
    assert listening(token) == [("127.0.0.1", port)]
