"""Real processes that move one head at the same time, or die while they move it."""

import itertools
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier

import pytest
from forking import FORKSERVER
from sqlalchemy import event

from stageline.exceptions import HeadError
from stageline.ledger import Entry, Ledger, ModelVersion

PROCESSES, ROUNDS = 8, 100
MOST_STATEMENTS = 12
_start: Barrier | None = None


def set_start(barrier: Barrier) -> None:
    global _start  # noqa: PLW0603 - a barrier reaches a pool's processes only through its initializer
    _start = barrier


def make_entry(pipeline: str, key: str) -> Entry:
    return Entry.model_validate(
        {
            "pipeline": pipeline, "step": "release", "verdict": "passed", "sentence": "released", "stage": "pilot",
            "mode": "enabled", "dag_id": "bikes", "run_id": key, "task_id": "release", "idempotency_key": key,
            "spec_digest": "s", "package_version": "0.1.0",
        }
    )  # fmt: skip


def make_model(version: int) -> ModelVersion:
    day = f"2026-01-{version:02}T00:00:00.000000+00:00"
    return ModelVersion(
        version=version, uri="file:///m", digest="sha256:0", mlflow_run="r", snapshot=1, watermark=day, as_of=day,
        dag_run=f"bikes/{version}",
    )  # fmt: skip


def promote_in_all_rounds(url: str, worker: int) -> list[str]:
    """Promote this worker's version in each round, whatever it takes; return how each round ended."""
    ends = []
    with Ledger.open(url) as ledger:
        for number in range(ROUNDS):
            pipeline = f"round {number}"
            if _start is not None:
                _start.wait(timeout=120)
            # Whoever comes later is newer in every other round, and older in the rest.
            version = worker + 1 if number % 2 else PROCESSES - worker
            while True:
                expected = ledger.head(pipeline).generation
                try:
                    entry = make_entry(pipeline, f"{pipeline}/{version}")
                    ends.append(ledger.promote(entry, make_model(version), expected=expected).kind)
                except HeadError as error:
                    if "superseded" not in str(error):
                        continue
                    ends.append("superseded")
                break
    return ends


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    barrier = FORKSERVER.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=FORKSERVER, initializer=set_start, initargs=(barrier,)) as pool:
        yield pool


def test_the_newest_wins_every_race_and_every_change_has_one_record(processes, ledger, ledger_url):
    ends = list(processes.map(promote_in_all_rounds, [ledger_url] * PROCESSES, range(PROCESSES)))

    wrong = {}
    for number in range(ROUNDS):
        head, records = ledger.head(f"round {number}"), ledger.records(f"round {number}")
        promoted = sum(end[number] == "promotion" for end in ends)
        if (head.champion.version, head.generation, len(records)) != (PROCESSES, promoted, promoted):
            wrong[number] = (head, len(records), promoted)
    assert wrong == {}
    # Of each head: the chain holds, and replaying the log gives it.
    assert ledger.verify() == []


def promote_and_die(url: str, at: int) -> None:
    """Promote the second version, and be killed at the so-manieth moment of doing so."""
    ledger, moments = Ledger.open(url), itertools.count(1)

    def die_here(*_: object) -> None:
        if next(moments) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(ledger._engine, moment, die_here)
    ledger.promote(make_entry("bikes", "second"), make_model(2), expected=1)


def ended(url: str, at: int) -> int:
    """Let a process of its own do that; returns its exit code."""
    process = FORKSERVER.Process(target=promote_and_die, args=(url, at))
    process.start()
    process.join(timeout=60)
    code = process.exitcode
    assert code is not None, "it did not end in time"
    return code


def test_a_writer_killed_at_any_step_of_a_promotion_moves_all_or_nothing(ledger, ledger_url):
    ledger.promote(make_entry("bikes", "first"), make_model(1), expected=0)
    at, deaths = 1, 0
    while (code := ended(ledger_url, at)) == -signal.SIGKILL:
        deaths += 1
        head, records = ledger.head("bikes"), ledger.records("bikes")
        assert (head.generation, head.champion.version) == (len(records), len(records))
        assert ledger.verify() == []
        at += 1
        assert at < 4 * MOST_STATEMENTS
    assert code == 0

    # It died before each statement, after each, and before the commit; then it was left alone.
    assert deaths > MOST_STATEMENTS
    assert [record.idempotency_key for record in ledger.records("bikes")] == ["second", "first"]
    assert ledger.head("bikes").champion.version == 2
    assert ledger.verify() == []
