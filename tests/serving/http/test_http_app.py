"""What is answered when there is no room, and when the server itself is at fault."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from served_project import rows_of, split

from stageline.serving.http.app import App
from stageline.serving.http.measures import Measures
from stageline.serving.http.options import Limits, Options, Places

PLACES = Places(Path("/project"), Path("/tables"), "sqlite://", "sqlite://")


def asked(lineup, *, measures=None, backlog=0):
    """Return what the application answers to a request with one row."""
    log = SimpleNamespace(backlog_bytes=backlog)
    with ThreadPoolExecutor(1) as late:
        app = App(
            lineup, Options("small", PLACES, limits=Limits(backlog_bytes=10)), log, measures or Measures("small"),
            status=dict, version="3", late=late,
        )  # fmt: skip

        async def ask():
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server") as client:
                return await client.post("/invocations", json=split(rows_of(0, 1)))

        return asyncio.run(ask())


@pytest.mark.parametrize(
    ("room", "backlog", "words"), [(False, 0, "too many rows wait"), (True, 11, "too many answers wait")]
)
def test_without_room_a_request_is_sent_away_unread(room, backlog, words):
    # Nothing but this is asked of the line-up: the body is not even parsed.
    lineup = SimpleNamespace(champion=SimpleNamespace(has_room=room))
    answer = asked(lineup, backlog=backlog)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert words in answer.json()["message"]


def test_a_fault_of_the_server_is_a_500_without_its_words_and_counted(caplog):
    measures = Measures("small")
    answer = asked(SimpleNamespace(champion=SimpleNamespace(has_room=True)), measures=measures)
    assert (answer.status_code, answer.json()) == (
        500, {"error_code": "INTERNAL_ERROR", "message": "the server failed; its log says how"},
    )  # fmt: skip
    assert "AttributeError" in caplog.text
    assert b'stageline_requests_total{status="500"} 1.0' in measures.as_text()
