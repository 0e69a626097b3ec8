import os
import signal
import subprocess
import sys

import pytest
from waiting import wait_for

from stageline.standalone import Home, Running, StandaloneError, start, status, stop
from stageline.standalone.__main__ import main
from stageline.standalone.processes import marked
from stageline.standalone.state import Service, write_state


@pytest.fixture
def project(tmp_path):
    (tmp_path / "dags").mkdir()
    return tmp_path


def state_with(home, token, *services, project, ready=True):
    running = Running(
        project=project,
        token=token,
        airflow_url="http://127.0.0.1:1",
        mlflow_url="http://127.0.0.1:2",
        services=services,
        ready=ready,
    )
    write_state(home, running)
    return running


def test_a_project_without_dags_is_refused(tmp_path):
    with pytest.raises(StandaloneError, match="no folder 'dags'"):
        start(tmp_path, Home.of(tmp_path))
    assert not (tmp_path / ".demo").exists()


def test_down_with_nothing_running_is_no_failure(project, capsys):
    assert main(["down", "--project", str(project)]) == 0
    assert "Nothing is running" in capsys.readouterr().out


def test_status_with_nothing_running(project, capsys):
    assert main(["status", "--project", str(project)]) == 1
    assert "Nothing is running" in capsys.readouterr().out


def test_up_twice_keeps_what_runs(project, home, token, spawn_python, capsys):
    running = state_with(home, token, spawn_python("import time; print('ready'); time.sleep(600)"), project=project)
    assert start(project, home) == running
    assert main(["up", "--project", str(project)]) == 0
    assert "run already" in capsys.readouterr().out


def test_a_home_serves_one_project(project, home, token, spawn_python, tmp_path_factory):
    state_with(home, token, spawn_python("import time; print('ready'); time.sleep(600)"), project=project)
    other = tmp_path_factory.mktemp("other")
    (other / "dags").mkdir()
    with pytest.raises(StandaloneError, match="this home serves project"):
        start(other, home)


def test_a_server_killed_from_outside_is_gone_and_down_cleans_up(project, home, token, spawn_python, capsys):
    sleep = "import time; print('ready'); time.sleep(600)"
    first, second = spawn_python(sleep, name="scheduler"), spawn_python(sleep, name="mlflow", answers=True)
    state_with(home, token, first, second, project=project)
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: status(home).gone == ("scheduler",))
    assert main(["status", "--project", str(project)]) == 1
    assert "gone" in capsys.readouterr().out
    assert stop(home)
    assert marked(token) == []
    assert status(home).running is None


def test_a_stale_state_whose_process_ids_were_given_away_kills_nobody(project, home, token, tmp_path):
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        state_with(
            home,
            token,
            Service(name="mlflow", pid=bystander.pid, log=tmp_path / "log", answers=True),
            project=project,
        )
        assert status(home).gone == ("mlflow",)
        assert stop(home)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_start_that_was_cut_short_does_not_count_as_running(project, home, token):
    state_with(home, token, project=project, ready=False)
    assert not status(home).complete


def test_a_server_that_cannot_start_is_quoted_and_nothing_is_left(project, home):
    # Airflow cannot make its database where a folder stands in the way.
    (home.airflow / "airflow.db").mkdir()
    tokens = []

    def note(_sentence):
        found = status(home).running
        if found is not None:
            tokens.append(found.token)

    with pytest.raises(StandaloneError, match="airflow db migrate") as caught:
        start(project, home, say=note)
    assert "unable to open database file" in str(caught.value)
    assert tokens
    assert marked(tokens[0]) == []
    assert status(home).running is None
