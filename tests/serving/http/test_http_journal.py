"""What a journal was given is read back whole, whatever happened to the process that wrote it."""

import errno
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import ArtifactError
from stageline.serving.http import journal as journal_module
from stageline.serving.http.journal import Journal, segments_of
from stageline.serving.http.served_log import ServedLog
from stageline.serving.http.served_table import ServedTable, read_served

SCHEMA = pa.schema([("n", pa.int64()), ("day", pa.string())])
OTHER = pa.schema([("n", pa.int64()), ("more", pa.float64()), ("day", pa.string())])


def batch(*numbers, schema=SCHEMA):
    columns = {"n": [*numbers], "day": ["2026-11-22"] * len(numbers), "more": [0.5] * len(numbers)}
    return pa.record_batch([pa.array(columns[name], schema.field(name).type) for name in schema.names], schema=schema)


def numbers_of(batches):
    return [number for each in batches for number in each["n"].to_pylist()]


@pytest.fixture
def journal(tmp_path):
    made = Journal.begin(tmp_path / "journals")
    yield made
    made.close()


def test_what_is_appended_is_read_back_with_its_schema(journal):
    journal.append(batch(1, 2))
    journal.append(batch(3, schema=OTHER))
    journal.append(batch(4))
    assert journal.full() == []
    assert (journal.rows, journal.size > 0) == (4, True)
    journal.rotate()
    (segment,) = journal.full()
    batches, damaged = segment.read()
    assert (numbers_of(batches), damaged) == ([1, 2, 3, 4], False)
    assert [each.schema for each in batches] == [SCHEMA, OTHER, SCHEMA]


def test_a_file_that_is_begun_while_others_are_listed_is_not_taken_for_full(journal, monkeypatch):
    appending = threading.Thread(target=journal.append, args=(batch(1),))

    def listed(folder):
        appending.start()
        # Long enough to begin a file, if nothing hinders it.
        appending.join(0.5)
        return segments_of(folder)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(journal_module, "segments_of", listed)
        assert journal.full() == []
    appending.join()
    journal.append(batch(2))
    journal.rotate()
    assert numbers_of([each for segment in journal.full() for each in segment.read()[0]]) == [1, 2]


def test_a_log_that_is_written_all_the_time_loses_nothing(tmp_path):
    log = ServedLog(ServedTable(tmp_path / "served"), tmp_path / "journals", flush_seconds=60)
    over = threading.Event()

    def flush():
        while not over.is_set():
            log.flush()

    flushing = threading.Thread(target=flush)
    flushing.start()
    for number in range(3_000):
        log.append(lambda at, number=number: batch(number))
    over.set()
    flushing.join()
    log.close()
    assert sorted(DeltaTable(str(tmp_path / "served")).to_pyarrow_table()["n"].to_pylist()) == [*range(3_000)]


def test_a_file_cut_short_anywhere_holds_what_was_whole(tmp_path):
    journal = Journal.begin(tmp_path / "journals")
    ends = []
    for number in range(4):
        journal.append(batch(number))
        ends.append(journal.size)
    journal.rotate()
    (segment,) = journal.full()
    whole = segment.path.read_bytes()

    @given(st.integers(0, len(whole)))
    def check(length):
        segment.path.write_bytes(whole[:length])
        batches, damaged = segment.read()
        assert numbers_of(batches) == [*range(sum(end <= length for end in ends))]
        assert not damaged

    check()


def test_a_byte_that_changed_is_seen_and_nothing_wrong_is_read(tmp_path):
    journal = Journal.begin(tmp_path / "journals")
    for number in range(3):
        journal.append(batch(number))
    journal.rotate()
    (segment,) = journal.full()
    whole = bytearray(segment.path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    segment.path.write_bytes(whole)
    batches, damaged = segment.read()
    assert damaged
    assert numbers_of(batches) == [*range(len(batches))]
    assert len(batches) < 3
    table = ServedTable(tmp_path / "served")
    count, aside = table.add(journal.name, segment)
    assert count == len(batches)
    assert aside.read_bytes() == bytes(whole)
    assert segments_of(journal.folder) == []


def test_a_disk_that_is_full_leaves_the_journal_as_it_was(journal, monkeypatch):
    journal.append(batch(1))
    write = os.write

    def full(file, data):
        write(file, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        journal.append(batch(2))
    monkeypatch.undo()
    journal.append(batch(3))
    journal.rotate()
    assert numbers_of(journal.full()[0].read()[0]) == [1, 3]


def test_a_journal_is_its_processes_own_until_that_is_gone(tmp_path, journal):
    folder = tmp_path / "journals"
    assert [*Journal.left_behind(folder)] == []
    code = (
        "import sys, os, pathlib, pyarrow as pa\n"
        "from stageline.serving.http.journal import Journal\n"
        "journal = Journal.begin(pathlib.Path(sys.argv[1]))\n"
        "journal.append(pa.record_batch({'n': [7], 'day': ['2026-11-22']}))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, folder], check=False)
    assert done.returncode == -9
    (left,) = Journal.left_behind(folder)
    assert numbers_of(left.full()[0].read()[0]) == [7]
    # Nobody else takes it up meanwhile.
    assert [*Journal.left_behind(folder)] == []
    left.full()[0].forget()
    left.close()
    assert not left.folder.exists()


def test_each_file_is_logged_once_however_often_it_is_added(tmp_path, journal):
    table = ServedTable(tmp_path / "served")
    journal.append(batch(1, 2))
    journal.rotate()
    (segment,) = journal.full()
    content = segment.path.read_bytes()
    assert table.add(journal.name, segment) == (2, None)
    assert not segment.path.exists()
    # As after a kill between the commit and the deletion.
    segment.path.write_bytes(content)
    assert table.add(journal.name, segment) == (0, None)
    assert not segment.path.exists()
    assert DeltaTable(str(table.root)).to_pyarrow_table()["n"].to_pylist() == [1, 2]


def test_a_later_model_may_have_other_features_but_none_of_another_type(tmp_path, journal):
    table = ServedTable(tmp_path / "served")
    table.require_fits(OTHER)
    for each in (batch(1), batch(2, schema=OTHER)):
        journal.append(each)
        journal.rotate()
        table.add(journal.name, journal.full()[0])
    rows = DeltaTable(str(table.root)).to_pyarrow_table().to_pylist()
    assert sorted((row["n"], row["more"]) for row in rows) == [(1, None), (2, 0.5)]
    table.require_fits(SCHEMA)
    with pytest.raises(ArtifactError, match="column 'more' as double, this model gives string"):
        table.require_fits(pa.schema([("more", pa.string())]))


def test_what_begins_before_a_flush_and_ends_after_it_is_not_said_to_be_logged(tmp_path):
    log = ServedLog(ServedTable(tmp_path / "served"), tmp_path / "journals", flush_seconds=600.0)
    began = []

    def slow(at):
        began.append(at)
        log.flush()
        return batch(1)

    log.append(slow)
    assert log.complete_until == began[0]
    log.flush()
    assert log.complete_until > began[0]
    log.close()


def test_what_cannot_be_logged_is_kept_and_logged_later(tmp_path):
    table = ServedTable(tmp_path / "served")
    log = ServedLog(table, tmp_path / "journals", flush_seconds=600.0)
    log.append(lambda _: batch(1))
    (tmp_path / "served").write_text("in the way")
    with pytest.raises(ArtifactError, match="cannot be used"):
        log.flush()
    assert "cannot be used" in log.fault
    assert log.backlog_bytes > 0
    (tmp_path / "served").unlink()
    log.append(lambda _: batch(2))
    log.close()
    assert (log.fault, log.written) == ("", 2)
    assert sorted(DeltaTable(str(table.root)).to_pyarrow_table()["n"].to_pylist()) == [1, 2]
    assert [*(tmp_path / "journals").iterdir()] == []


def test_two_servers_of_one_pipeline_log_side_by_side(tmp_path):
    logs = [ServedLog(ServedTable(tmp_path / "served"), tmp_path / "journals", flush_seconds=600.0) for _ in range(2)]
    for turn in range(3):
        for place, log in enumerate(logs):
            log.append(lambda _, number=10 * place + turn: batch(number))
            log.flush()
    for log in logs:
        log.close()
    assert sorted(DeltaTable(str(tmp_path / "served")).to_pyarrow_table()["n"].to_pylist()) == [0, 1, 2, 10, 11, 12]


def test_there_is_nothing_to_read_before_the_first_answer(tmp_path):
    now = datetime.now(UTC)
    assert read_served(tmp_path / "served", now, now) is None


def test_two_models_may_not_log_one_column_as_two_types_before_there_is_a_log(tmp_path):
    with pytest.raises(ArtifactError, match="column 'more' as double, this model gives string"):
        ServedTable(tmp_path / "served").require_fits(pa.schema([("more", pa.string())]), [SCHEMA, OTHER])


def test_many_small_files_of_a_day_become_one_and_no_row_is_lost(tmp_path, journal, monkeypatch):
    monkeypatch.setattr("stageline.serving.http.served_table._COMPACT_EVERY", 8)
    table, today = ServedTable(tmp_path / "served"), f"{datetime.now(UTC):%Y-%m-%d}"
    for number in range(8):
        journal.append(pa.record_batch({"n": [number], "day": [today]}))
        journal.rotate()
        table.add(journal.name, journal.full()[0])
    held = DeltaTable(str(table.root))
    assert len(held.file_uris()) == 1
    assert sorted(held.to_pyarrow_table()["n"].to_pylist()) == [*range(8)]
