import pytest

from stageline.standalone import Home, Running, StandaloneError
from stageline.standalone.state import Service, read_state, write_state


def test_what_was_written_is_read_back(home, tmp_path, token):
    service = Service(name="mlflow", pid=42, log=tmp_path / "mlflow.log", answers=True)
    running = Running(
        project=tmp_path, token=token, airflow_url="http://127.0.0.1:1", mlflow_url="http://127.0.0.1:2"
    ).joined_by(service)
    write_state(home, running)
    assert read_state(home) == running
    assert running.pids == {"mlflow": 42}
    assert [path.name for path in home.folder.glob("state*")] == ["state.json"]


def test_nothing_was_started(home):
    assert read_state(home) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": 1}'])
def test_a_damaged_file_is_named(home, text):
    home.state.write_text(text, encoding="utf-8")
    with pytest.raises(StandaloneError, match=r"state\.json"):
        read_state(home)


def test_the_home_is_beside_the_project_and_closed_to_others(tmp_path):
    home = Home.of(tmp_path)
    home.make()
    assert home.folder == tmp_path / ".demo"
    assert home.folder.stat().st_mode & 0o077 == 0


def test_only_one_process_at_a_time_starts_or_stops(home):
    with home.locked(), pytest.raises(StandaloneError, match="another process"), home.locked():
        pass
    with home.locked():
        pass
