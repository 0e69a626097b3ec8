"""Nothing that was acknowledged is lost or logged twice, and no request is dropped while the head moves."""

import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from faulty_models import Faulty
from served_project import make, rows_of, split
from waiting_for import wait_for


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Give a pipeline of these tests' own."""
    made = make(tmp_path_factory.mktemp("durable"))
    made.train(1, Faulty())
    made.promote(1)
    return made


@pytest.fixture(scope="module")
def first(own):
    """Give its server, which one test kills: that comes last."""
    with own.running(flush_seconds=0.3) as server:
        yield server


@dataclass
class Load:
    """What callers got who asked without a break.

    :param acknowledged: Keys, by request, of what was answered.
    """

    acknowledged: dict[str, list[int]] = field(default_factory=dict)
    statuses: Counter = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)


@contextmanager
def load(server, callers=6):
    """Ask without a break, each caller about other keys."""
    found, ending, keys = Load(), threading.Event(), itertools.count(1_000)

    def ask():
        with httpx.Client(timeout=30) as client:
            while not ending.is_set():
                begin = next(keys) * 3
                rows = 1 + begin % 3
                try:
                    answer = client.post(f"{server.url}/invocations", json=split(rows_of(begin, begin + rows)))
                except httpx.HTTPError as error:
                    if not ending.is_set():
                        found.broken.append(repr(error))
                    return
                found.statuses[answer.status_code] += 1
                if answer.status_code == 200:
                    found.acknowledged[answer.headers["x-stageline-request-id"]] = [*range(begin, begin + rows)]
                    found.versions.add(answer.headers["x-stageline-model"])

    with ThreadPoolExecutor(callers) as pool:
        asking = [pool.submit(ask) for _ in range(callers)]
        try:
            yield found
        finally:
            ending.set()
            for each in asking:
                each.result()


def logged_keys(own):
    """Return keys by request, in order."""
    by_request: dict[str, list[tuple[int, int]]] = {}
    for row in own.logged():
        if row["arm"] != "shadow":
            by_request.setdefault(row["request_id"], []).append((row["row"], row["id"]))
    return {request: [key for _, key in sorted(rows)] for request, rows in by_request.items()}


def test_the_head_moves_under_load_and_no_request_fails(own, first):
    for version in (2, 3):
        own.train(version, Faulty(base=1_000.0 * version))
    with load(first) as found:

        def until_served():
            enough = len(found.acknowledged) + 30
            wait_for(lambda: first.version()["position"] == own.head().position, seconds=20)
            wait_for(lambda: len(found.acknowledged) > enough, seconds=20)

        until_served()
        sequence = own.begin(2, 20)
        until_served()
        own.shift(sequence, 60)
        until_served()
        own.promote(2)
        until_served()
        sequence = own.begin(3, 0)
        until_served()
        own.end(sequence)
        until_served()
    assert found.statuses.keys() == {200}
    assert found.broken == []
    assert {"1", "2"} <= found.versions
    assert not any("3" in versions for versions in found.versions)


def test_killed_under_load_and_told_to_end_under_load_the_log_has_each_acknowledged_answer_once(own, first):
    with load(first) as killed:
        before = first.version()["log"]["written_rows"]
        wait_for(
            lambda: first.version()["log"]["written_rows"] > before + 50 and len(killed.acknowledged) > 150, seconds=30
        )
        first.kill()
    logged = logged_keys(own)
    assert killed.statuses.keys() == {200}
    # Some were in the log, others only in the journal.
    assert killed.acknowledged.keys() & logged.keys()
    assert killed.acknowledged.keys() - logged.keys()
    # The next one logs what was left, and of its own nothing before its end.
    with own.running(flush_seconds=600.0) as second, load(second) as ended:
        assert any("of a server that is gone" in line for line in second.lines)
        logged = logged_keys(own)
        wait_for(lambda: len(ended.acknowledged) > 100, seconds=30)
        assert second.terminate() == 0
    assert killed.acknowledged.items() <= logged.items()
    assert ended.statuses.keys() == {200}
    after = logged_keys(own)
    assert ended.acknowledged == {request: keys for request, keys in after.items() if request not in logged}
    assert not any((own.tables / "served_journal").iterdir())
    rows = [(row["request_id"], row["row"], row["arm"]) for row in own.logged()]
    assert len(rows) == len({*rows})
