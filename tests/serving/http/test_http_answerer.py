"""Rows that a model is handed are settled exactly once: together if they can be, alone if they must be."""

import threading
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from waiting_for import wait_for

from stageline.serving.answers import Oracle
from stageline.serving.features import Columns
from stageline.serving.http.answerer import Answerer
from stageline.serving.http.call import Call, Part
from stageline.serving.http.intake import Intake
from stageline.serving.http.log_columns import LogColumns
from stageline.serving.http.measures import Measures
from stageline.serving.http.options import Limits
from stageline.serving.http.protocol import AskedRows
from stageline.serving.http.refused import RefusedRequest
from stageline.serving.http.released import ReleasedModel
from stageline.serving.http.served_log import ServedLog
from stageline.serving.http.served_table import ServedTable


class Held:
    """Answer ten times `x` once it is let go, and tell how many rows each batch had."""

    def __init__(self):
        self.batches, self.entered, self.free = [], threading.Event(), threading.Event()

    def predict(self, frame):
        if (frame["x"] == 0).all():  # the first, to warm up
            return np.zeros(len(frame))
        self.batches.append(len(frame))
        self.entered.set()
        assert self.free.wait(30)
        if (frame["x"] == 13).any():
            raise ValueError("thirteen")
        return frame["x"].to_numpy() * 10


@pytest.fixture
def desk(tmp_path):
    """Give a model that waits, its answerer, and what it delivered."""
    log = ServedLog(ServedTable(tmp_path / "served"), tmp_path / "journals", flush_seconds=600.0)
    model, delivered, ended = Held(), [], threading.Event()
    oracle, columns = Oracle(model, classify=False), Columns(("x", "z"), (), keys=())
    champion = Intake(Columns(("x",), ()), {}, frozenset())
    intake = Intake(columns, {}, frozenset())
    released = ReleasedModel(2, "sha256:2", oracle, intake, LogColumns.of(columns, {}, oracle.kinds, frozenset()))
    answerer = Answerer(
        released, Limits(batch_wait_ms=0.0), log, Measures("small"),
        deliver=delivered.extend, ended=lambda _: ended.set(),
    )  # fmt: skip
    answerer.start()

    def part(number, arm="canary", **columns):
        rows = AskedRows(columns or {"x": [float(number)], "z": [1.0]}, 1)
        call = Call(f"request-{number}", 1, champion, None)
        call.expect()
        try:
            form = intake.form(rows.columns)
        except RefusedRequest:
            form = None
        return Part(call, arm, rows, [0], form, sequence=5, percent=10)

    def logged():
        log.flush()
        if not DeltaTable.is_deltatable(str(log.table.root)):
            return {}
        rows = DeltaTable(str(log.table.root)).to_pyarrow_table().to_pylist()
        assert len(rows) == len({row["request_id"] for row in rows})
        return {row["request_id"]: (row["error"], row["prediction"]) for row in rows}

    yield SimpleNamespace(answerer=answerer, model=model, part=part, logged=logged, delivered=delivered, ended=ended)
    model.free.set()
    answerer.retire()
    assert answerer.join(30)
    log.close()


def settled(desk, count):
    wait_for(lambda: len(desk.delivered) == count, seconds=30)
    return {part.call.request_id: outcome.predictions or outcome.refused.status for part, outcome in desk.delivered}


def test_what_comes_while_the_model_is_busy_is_asked_together(desk):
    desk.answerer.submit(desk.part(1))
    assert desk.model.entered.wait(30)
    for number in range(2, 7):
        desk.answerer.submit(desk.part(number))
    assert desk.answerer.queued_rows == 6
    desk.model.free.set()
    assert settled(desk, 6) == {f"request-{number}": [10.0 * number] for number in range(1, 7)}
    assert desk.model.batches == [1, 5]
    assert desk.logged() == {f"request-{number}": (None, 10.0 * number) for number in range(1, 7)}
    wait_for(lambda: desk.answerer.queued_rows == 0, seconds=30)


def test_one_that_fails_fails_alone(desk):
    desk.answerer.submit(desk.part(1))
    assert desk.model.entered.wait(30)
    for number in (2, 13, 3):
        desk.answerer.submit(desk.part(number))
    desk.model.free.set()
    assert settled(desk, 4) == {"request-1": [10.0], "request-2": [20.0], "request-13": 400, "request-3": [30.0]}
    assert desk.model.batches == [1, 3, 1, 1, 1]
    assert desk.logged()["request-13"] == ("exception", None)


def test_what_was_given_up_is_not_settled_again_when_the_model_comes_back(desk):
    late, other = desk.part(1), desk.part(2)
    for part in (late, other):
        desk.answerer.submit(part)
        assert desk.model.entered.wait(30)
    desk.answerer.give_up(late, "timed_out")
    desk.answerer.give_up(late, "timed_out")
    assert settled(desk, 1) == {"request-1": 504}
    desk.model.free.set()
    assert settled(desk, 2) == {"request-1": 504, "request-2": [20.0]}
    assert desk.logged() == {"request-1": ("timed_out", None), "request-2": (None, 20.0)}


def test_of_a_batch_the_one_that_was_given_up_is_left_out(desk):
    desk.answerer.submit(desk.part(1))
    assert desk.model.entered.wait(30)
    parts = [desk.part(number) for number in (2, 3, 4)]
    for part in parts:
        desk.answerer.submit(part)
    desk.model.entered.clear()
    release, desk.model.free = desk.model.free, threading.Event()
    release.set()
    assert desk.model.entered.wait(30)
    desk.answerer.give_up(parts[1], "timed_out")
    desk.model.free.set()
    assert settled(desk, 4) == {"request-1": [10.0], "request-2": [20.0], "request-3": 504, "request-4": [40.0]}
    assert desk.logged()["request-4"] == (None, 40.0)


def test_a_canary_that_needs_what_the_champion_does_not_errs(desk):
    desk.model.free.set()
    desk.answerer.submit(desk.part(1, x=[1.0]))
    assert settled(desk, 1) == {"request-1": 400}
    assert desk.logged() == {"request-1": ("exception", None)}


@pytest.mark.parametrize(
    ("arm", "z", "error"), [("canary", "much", "exception"), ("champion", "much", None), ("canary", 1.0, None)]
)
def test_what_the_champion_would_refuse_too_is_the_callers_fault_and_counts_for_nobody(desk, arm, z, error):
    desk.model.free.set()
    x = 1.0 if z == "much" else "much"
    desk.answerer.submit(desk.part(1, arm, x=[x], z=[z]))
    assert settled(desk, 1) == {"request-1": 400}
    assert desk.logged() == ({"request-1": (error, None)} if error else {})


def test_one_that_is_retired_answers_what_it_was_handed_first(desk):
    for number in (1, 2):
        desk.answerer.submit(desk.part(number))
    desk.answerer.retire()
    assert not desk.ended.is_set()
    desk.model.free.set()
    assert settled(desk, 2) == {"request-1": [10.0], "request-2": [20.0]}
    assert desk.ended.wait(30)


def test_where_the_journal_cannot_be_written_nothing_is_answered(desk, monkeypatch):
    def full(self, batch):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stageline.serving.http.journal.Journal.append", full)
    desk.model.free.set()
    desk.answerer.submit(desk.part(1))
    assert settled(desk, 1) == {"request-1": 503}


def test_what_cannot_be_made_a_row_of_the_log_is_not_answered_either(desk, monkeypatch):
    def broken(*_):
        raise pa.ArrowInvalid("no such value")

    monkeypatch.setattr(LogColumns, "batch", broken)
    desk.model.free.set()
    desk.answerer.submit(desk.part(1))
    assert settled(desk, 1) == {"request-1": 500}
