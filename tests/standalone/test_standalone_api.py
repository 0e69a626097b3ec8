import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from stageline.standalone import StandaloneError, airflow_api
from stageline.standalone.airflow_api import AirflowApi, DagRun, TaskState
from stageline.standalone.approving import REJECT, answer_when_read
from stageline.standalone.runs import first_run_after, trigger

RUN = DagRun("bikes", "manual__2026-01-01T00:00:00+00:00")


def api_that(*answers):
    waiting = list(answers)

    def answer(request):
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(found, Exception):
            raise found
        return found(request) if callable(found) else httpx.Response(200, json=found)

    return AirflowApi(httpx.Client(transport=httpx.MockTransport(answer), base_url="http://airflow"))


def refused(status):
    return lambda _: httpx.Response(status, text="database is locked")


def test_a_run_id_with_a_plus_is_quoted():
    assert RUN.path == "/dags/bikes/dagRuns/manual__2026-01-01T00%3A00%3A00%2B00%3A00"


def test_a_mapped_task_is_named_with_its_index():
    assert TaskState("score", 3, 1, "running").name == "score[3]"
    assert TaskState("score", -1, 1, "running").name == "score"


@pytest.mark.parametrize("trouble", [refused(500), refused(503), httpx.ConnectError("no")])
def test_a_short_trouble_of_the_web_server_is_waited_out(monkeypatch, trouble):
    monkeypatch.setattr(airflow_api, "_PAUSE_SECONDS", 0)
    assert api_that(trouble, trouble, {"state": "running"}).state(RUN) == "running"


def test_a_lasting_trouble_is_quoted(monkeypatch):
    monkeypatch.setattr(airflow_api, "_PAUSE_SECONDS", 0)
    with pytest.raises(StandaloneError, match="HTTP 500 database is locked"):
        api_that(refused(500)).state(RUN)


def test_a_stale_dag_is_not_known():
    assert not api_that({"is_stale": True}).knows("bikes")
    assert api_that({"is_stale": False}).knows("bikes")
    assert not api_that(refused(404)).knows("bikes")


def test_the_log_shows_events_and_the_error_at_its_end():
    content = [
        {"event": "::group::Pre Execute"},
        {"event": "Task failed", "error_detail": [{"exc_type": "ValueError", "exc_value": "boom"}]},
    ]
    assert api_that({"content": content}).log(RUN, TaskState("a", -1, 1, "failed")) == [
        "Task failed",
        "ValueError: boom",
    ]


def test_a_server_that_goes_while_dags_are_awaited_ends_the_waiting():
    def watch():
        raise StandaloneError("dag-processor has gone")

    api = api_that(refused(404), {"import_errors": []})
    with pytest.raises(StandaloneError, match="has gone"):
        trigger(api, ["bikes"], watch=watch)


def test_a_run_is_found_by_the_run_whose_asset_started_it():
    def answer(request):
        path = str(request.url.path)
        if path.endswith("upstreamAssetEvents"):
            other = "x" if "asset__2" in str(request.url) else RUN.run_id
            return httpx.Response(200, json={"asset_events": [{"source_dag_id": "bikes", "source_run_id": other}]})
        return httpx.Response(200, json={"dag_runs": [{"dag_run_id": "asset__2"}, {"dag_run_id": "asset__1"}]})

    api = AirflowApi(httpx.Client(transport=httpx.MockTransport(answer), base_url="http://airflow"))
    assert first_run_after(api, "score", RUN, watch=lambda: None) == DagRun("score", "asset__1")


@pytest.mark.parametrize(
    ("begun", "put", "received", "answered"),
    [
        (0, 0, False, False),
        (60, 60, False, True),
        (60, 60, True, False),
        (60, 1, False, False),  # the task took long to start
        (1, 60, False, False),  # the task asks again
    ],
)
def test_a_question_is_answered_once_it_was_read(begun, put, received, answered):
    now = datetime.now(UTC)
    began, created = ((now - timedelta(seconds=ago)).isoformat() for ago in (begun, put))
    sent = []

    def answer(request):
        if request.method == "PATCH":
            sent.append(json.loads(request.content)["chosen_options"])
        about = {"task_instance": {"start_date": began}, "created_at": created, "response_received": received}
        return httpx.Response(200, json=about)

    api = AirflowApi(httpx.Client(transport=httpx.MockTransport(answer), base_url="http://airflow"))
    assert answer_when_read(api, RUN, TaskState("approve", -1, 1, "awaiting_input"), REJECT) is answered
    assert sent == ([["Reject"]] if answered else [])
