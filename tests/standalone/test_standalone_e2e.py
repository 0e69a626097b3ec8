import json
import os
import re
import signal
import subprocess
import sys

import pytest
from waiting import wait_for

from stageline.standalone import Home, status, stop
from stageline.standalone.__main__ import main
from stageline.standalone.processes import listening, marked
from stageline.standalone.state import read_state

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("standalone")]

DAGS = """
from airflow.sdk import dag, task

@dag(schedule=None)
def good():
    @task
    def hello():
        return "ok"
    hello()

@dag(schedule=None)
def bad():
    @task
    def boom():
        raise ValueError("the pipe [red] burst")
    boom()

@dag(schedule=None)
def slow():
    @task
    def long():
        import time
        print("begun")
        time.sleep(600)
    long()

good(), bad(), slow()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "three.py").write_text(DAGS, encoding="utf-8")
    yield tmp_path
    stop(Home.of(tmp_path))


def test_start_run_and_stop_leaves_nothing_behind(project, capsys):
    home = Home.of(project)
    at = ["--project", str(project)]

    assert main(["run", *at, "--dag", "good"]) == 0
    printed = capsys.readouterr().out
    assert "good  hello: success" in printed
    assert re.search(r"Airflow: http://127\.0\.0\.1:\d+/dags/good/runs/manual__", printed)

    running = read_state(home)
    assert {ip for ip, _ in listening(running.token)} == {"127.0.0.1"}
    assert len(listening(running.token)) == 2
    assert main(["status", *at]) == 0
    assert set(running.pids) == {"mlflow", "api-server", "scheduler", "dag-processor", "triggerer"}

    assert main(["run", *at, "--dag", "bad"]) == 1
    printed = capsys.readouterr().out
    assert "run already" in printed
    assert "ValueError: the pipe [red] burst" in printed

    # A running task, and a scheduler that was killed: neither may keep `down` from ending all.
    command = [sys.executable, "-m", "stageline.standalone", "run", *at, "--dag", "slow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as slow:
        while "long: running" not in slow.stdout.readline():
            assert slow.poll() is None
        os.kill(running.pids["scheduler"], signal.SIGKILL)
        assert "scheduler has gone" in slow.stdout.read()
    assert slow.returncode == 1
    assert status(home).gone == ("scheduler",)

    assert main(["down", *at]) == 0
    assert "no process is left" in capsys.readouterr().out
    assert marked(running.token) == []
    assert main(["down", *at]) == 0


@pytest.fixture
def _heeding_interrupts():
    """A process started in the background ignores SIGINT and hands that on to its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeding_interrupts")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_start_leaves_nothing_behind(project, number):
    home = Home.of(project)
    command = [sys.executable, "-m", "stageline.standalone", "up", "--project", str(project)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as up:
        wait_for(lambda: home.state.exists() and json.loads(home.state.read_text())["services"] != [])
        token = read_state(home).token
        up.send_signal(number)
        assert "Nothing is left running" in up.stdout.read()
    assert up.returncode == 130
    assert marked(token) == []
