"""Real processes that open one ledger and write to it at the same time."""

import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier

import pytest
from forking import FORKSERVER

from stageline.ledger import Entry, Ledger

PROCESSES, APPENDS, SHARED = 6, 40, 20
_start: Barrier | None = None


def set_start(barrier: Barrier) -> None:
    global _start  # noqa: PLW0603 - a barrier reaches a pool's processes only through its initializer
    _start = barrier


def wait_for_all() -> None:
    if _start is not None:
        _start.wait(timeout=60)


def make_entry(key: str) -> Entry:
    return Entry.model_validate(
        {
            "pipeline": "bikes", "step": "train", "verdict": "passed", "sentence": "fine", "stage": "poc",
            "mode": "enabled", "dag_id": "bikes", "run_id": "r", "task_id": "train", "idempotency_key": key,
            "spec_digest": "s", "package_version": "0.1.0",
        }
    )  # fmt: skip


def open_new(url: str, worker: int) -> int:
    wait_for_all()
    with Ledger.open(url) as ledger:
        return ledger.append(make_entry(f"open-{worker}")).position


def append_own(url: str, worker: int) -> list[int]:
    with Ledger.open(url) as ledger:
        wait_for_all()
        return [ledger.append(make_entry(f"{worker}-{number}")).position for number in range(APPENDS)]


def append_shared(url: str, worker: int) -> list[str]:
    with Ledger.open(url) as ledger:
        wait_for_all()
        return [ledger.append(make_entry(f"shared-{number}")).digest for number in range(SHARED)]


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    barrier = FORKSERVER.Barrier(PROCESSES)
    with ProcessPoolExecutor(PROCESSES, mp_context=FORKSERVER, initializer=set_start, initargs=(barrier,)) as pool:
        yield pool


def test_six_processes_open_a_new_ledger_at_once(processes: ProcessPoolExecutor, ledger_url: str) -> None:
    positions = processes.map(open_new, [ledger_url] * PROCESSES, range(PROCESSES))
    assert sorted(positions) == list(range(1, PROCESSES + 1))
    with Ledger.open(ledger_url) as ledger:
        assert ledger.verify() == []


def test_six_processes_append_to_one_chain(processes: ProcessPoolExecutor, ledger: Ledger, ledger_url: str) -> None:
    written = processes.map(append_own, [ledger_url] * PROCESSES, range(PROCESSES))
    positions = [position for own in written for position in own]
    everything = list(range(1, PROCESSES * APPENDS + 1))
    assert sorted(positions) == everything
    assert [record.position for record in ledger.records(newest_first=False)] == everything
    assert ledger.verify() == []


def test_six_processes_append_the_same_keys(processes: ProcessPoolExecutor, ledger: Ledger, ledger_url: str) -> None:
    answers = list(processes.map(append_shared, [ledger_url] * PROCESSES, range(PROCESSES)))
    assert all(answer == answers[0] for answer in answers)
    assert [record.digest for record in ledger.records("bikes", newest_first=False)] == answers[0]
    assert ledger.verify() == []


def test_threads_share_one_ledger_from_its_first_opening(ledger_url: str) -> None:
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            with Ledger.open(ledger_url) as ledger:
                for number in range(5):
                    ledger.append(make_entry(f"{worker}-{number}"))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    with Ledger.open(ledger_url) as ledger:
        assert [record.position for record in ledger.records("bikes")] == list(range(20, 0, -1))
        assert ledger.verify() == []
