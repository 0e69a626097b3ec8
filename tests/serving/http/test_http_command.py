"""The command `stageline serve`, as a person types it."""

import signal
import subprocess

import pytest
from cli_process import COMMAND
from served_project import Running, make, rows_of, split


@pytest.fixture
def own(tmp_path):
    made = make(tmp_path)
    made.train(1)
    made.promote(1)
    (tmp_path / "project/dags").mkdir()
    return made


def environment(own, **more):
    return {
        "PATH": f"{COMMAND.parent}:/usr/bin:/bin", "HOME": str(own.folder), "COLUMNS": "200",
        "AIRFLOW_HOME": str(own.folder / "airflow"), "AIRFLOW__STAGELINE__HOME": str(own.folder), **more,
    }  # fmt: skip


def test_it_serves_until_it_is_told_to_end_under_one_process_id(own):
    token = own.folder / "token"
    token.write_text("of the command\n", encoding="utf-8")
    command = [COMMAND, "serve", "small", "--port", "0", "--token-file", token, "--project", own.folder / "project"]
    process = subprocess.Popen(
        [str(part) for part in command],
        env=environment(own),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Running(process, "of the command")
    try:
        assert server.lines[-1].endswith(f"(process {process.pid})")
        assert server.client.post(f"{server.url}/invocations", json=split(rows_of(0, 3))).status_code == 401
        assert len(server.ask(split(rows_of(0, 3))).json()["predictions"]) == 3
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    finally:
        server.kill()
    assert [row["id"] for row in own.logged()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["larger"], "no pipeline 'larger'"),
        (["small", "--host", "0.0.0.0"], "STAGELINE_SERVE_TOKEN"),  # noqa: S104 - what is refused
        (["small", "--token-file", "nowhere"], "the token file 'nowhere' cannot be read"),
    ],
)
def test_what_cannot_be_served_is_refused_in_a_sentence(own, arguments, words):
    done = subprocess.run(
        [str(COMMAND), "serve", *arguments, "--project", str(own.folder / "project")],
        env=environment(own), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_champion_there_is_nothing_to_serve(tmp_path):
    own = make(tmp_path)
    with pytest.raises(AssertionError, match="has no champion"):
        own.start()


def test_a_port_that_is_taken_is_named(own):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(AssertionError, match="choose another --port"):
            own.start(port=taken.getsockname()[1])
