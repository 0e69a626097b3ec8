"""Who may ask, how much, and what is answered to whom asks otherwise."""

import json
from pathlib import Path

import pytest
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from served_project import rows_of, split

TOKEN = "a token of the tests"  # noqa: S105
LIMITS = {"body_bytes": 20_000, "rows": 50, "backlog_bytes": 100_000}


@pytest.fixture(scope="module")
def guarded(served):
    with served.running(token=TOKEN, limits=LIMITS, flush_seconds=600.0) as running:
        yield running


def test_whoever_shows_no_token_or_another_is_refused(guarded):
    for headers in ({}, {"Authorization": "Bearer another"}, {"Authorization": TOKEN}, {"Authorization": "Bearer"}):
        for method, path in (("POST", "/invocations"), ("GET", "/version"), ("GET", "/metrics"), ("POST", "/flush")):
            answer = guarded.client.request(method, guarded.url + path, headers=headers)
            assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.ask(split(rows_of(0, 1))).status_code == 200


def test_ping_and_health_are_open(guarded):
    for path in ("/ping", "/health"):
        answer = guarded.client.get(guarded.url + path)
        assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, "\n", "application/json")


def test_the_token_stands_in_no_argument_and_is_no_part_of_what_is_said(guarded):
    assert TOKEN not in Path(f"/proc/{guarded.process.pid}/cmdline").read_text("utf-8")
    assert TOKEN not in json.dumps(guarded.version())
    assert TOKEN not in "".join(guarded.lines)


def test_a_request_that_is_too_large_is_refused_whether_it_says_so_or_not(guarded):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    body = b"[" + b" " * 30_000

    def streamed():
        for _ in range(30):
            yield b" " * 1_000

    for content in (body, streamed()):
        answer = guarded.client.post(f"{guarded.url}/invocations", content=content, headers=headers)
        assert answer.status_code == 413
        assert "20,000 bytes" in answer.json()["message"]


def test_too_many_rows_are_refused(guarded):
    answer = guarded.ask({"dataframe_records": [{"x": 1}] * 51})
    assert (answer.status_code, answer.json()["message"]) == (413, "the request has 51 rows, the limit is 50")


def test_other_paths_and_methods_are_refused(guarded):
    assert guarded.get("/nothing").status_code == 404
    assert guarded.get("/invocations").status_code == 405


def test_a_compressed_body_is_refused(guarded):
    assert guarded.ask(split(rows_of(0, 1)), **{"Content-Encoding": "gzip"}).status_code == 415


def test_when_too_much_waits_to_be_logged_nothing_more_is_answered_until_it_is(guarded, served):
    guarded.flush()
    before = len(served.logged())
    statuses = []
    while not statuses or (statuses[-1] == 200 and len(statuses) < 200):
        statuses.append(guarded.ask(split(rows_of(0, 50))).status_code)
    assert statuses[-1] == 503
    refused = guarded.ask(split(rows_of(0, 1)))
    assert (refused.json()["error_code"], refused.headers["retry-after"]) == ("TEMPORARILY_UNAVAILABLE", "1")
    guarded.flush()
    assert guarded.ask(split(rows_of(0, 1))).status_code == 200
    assert len(served.logged()) == before + 50 * statuses.count(200)


def test_it_listens_on_this_machine_only(guarded):
    import psutil

    (listening,) = [one for one in psutil.Process(guarded.process.pid).net_connections() if one.status == "LISTEN"]
    assert listening.laddr.ip == "127.0.0.1"


def test_mlflows_own_client_works(served, server):
    import pandas as pd
    from mlflow.version import VERSION

    host, port = server.url.removeprefix("http://").split(":")
    client = ScoringServerClient(host, port)
    client.ping()
    assert client.get_version() == VERSION
    frame = pd.DataFrame({"x": [1.0, 2.0], "salary": [100.0, 200.0], "colour": ["red", "blue"]})
    said = client.invoke(frame)
    assert said.get_predictions()[
        "predictions" if "predictions" in said.get_predictions() else 0
    ].tolist() == pytest.approx(served.fitted[1].predict(frame).tolist())
