import math
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from deltalake import DeltaTable
from forking import FORKSERVER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageline.exceptions import ArtifactError, DataError
from stageline.tables import QuarantinedRow, QuarantineStore, RejectedLine, rows_of_lines, rows_of_table
from stageline.tables.row_ids import row_ids

ROWS = pa.table({"id": [2**53 + 1, 7], "hum": [math.inf, None], "town": ["Zürich", None]})
LINES = (RejectedLine(12, "1,2,3", "has 3 values instead of 17"),)
SOURCE = {"source": "data/bikes.csv", "source_digest": "sha256:0"}


@pytest.fixture
def store(tmp_path):
    return QuarantineStore(tmp_path / "deep" / "quarantine")


def kept(rows=ROWS, reason="hum is infinite", positions=None, **given_):
    count = rows.num_rows
    why = {"codes": [["SL-Q009"]] * count, "expectations": [[]] * count, "reasons": [[reason]] * count}
    return rows_of_table(
        rows, positions=range(count) if positions is None else positions, **{**SOURCE, **why, **given_}
    )


def test_what_is_written_is_read_back(store):
    before = datetime.now(UTC)
    stored = store.write(
        kept(
            positions=np.array([3, 40]),
            codes=[["SL-Q009", "SL-Q001"], ["SL-Q001"]],
            expectations=[["expect_x(hum)"], ["expect_x(hum)", "expect_y(town)"]],
            reasons=[["hum is infinite"], []],
        ),
        rows_of_lines(LINES, **SOURCE),
        dag_run="monday",
    )
    assert (stored.version, stored.rows) == (0, 3)
    table = store.read(0, dag_run="monday", digest=stored.digest)
    assert table.column_names == list(QuarantinedRow.__dataclass_fields__)
    first, second, line = table.to_pylist()
    assert before <= first.pop("recorded_at") <= datetime.now(UTC)
    assert first == {
        "id": row_ids(ROWS)[0],
        "dag_run": "monday",
        **SOURCE,
        "position": 3,
        "line": None,
        "codes": ["SL-Q009", "SL-Q001"],
        "expectations": ["expect_x(hum)"],
        "reasons": ["hum is infinite"],
        "values": [("id", "9007199254740993"), ("hum", "inf"), ("town", "Zürich")],
        "types": [("id", "int64"), ("hum", "double"), ("town", "string")],
    }
    assert (second["position"], second["reasons"]) == (40, [])
    assert second["values"] == [("id", "7"), ("hum", None), ("town", None)]
    assert (line["position"], line["line"], line["codes"]) == (None, 12, ["SL-Q008"])
    assert (line["reasons"], line["values"]) == (["has 3 values instead of 17"], [("", "1,2,3")])


def test_nothing_to_keep_writes_nothing(store, tmp_path):
    for parts in ((), (kept(ROWS.slice(0, 0)), rows_of_lines((), **SOURCE))):
        stored = store.write(*parts, dag_run="monday")
        assert (stored.version, stored.digest, stored.rows) == (None, "", 0)
    assert not list(tmp_path.iterdir())
    assert (store.listing(), store.find([])) == ([], [])


def test_a_second_try_finds_what_the_first_kept(store, tmp_path):
    first = store.write(kept(), dag_run="monday")
    assert QuarantineStore(tmp_path / "deep" / "quarantine").write(kept(), dag_run="monday") == first
    assert DeltaTable(tmp_path / "deep" / "quarantine").version() == 0


def test_another_run_keeps_the_same_rows_again(store):
    first = store.write(kept(), dag_run="monday")
    second = store.write(kept(), dag_run="tuesday")
    assert (second.version, second.digest != first.digest) == (1, True)
    assert store.read(0, dag_run="monday", digest=first.digest)["dag_run"].unique().to_pylist() == ["monday"]
    assert store.read(1, dag_run="tuesday", digest=second.digest)["dag_run"].unique().to_pylist() == ["tuesday"]


def test_a_second_try_on_another_source_adds_its_own_rows(store):
    first = store.write(kept(), dag_run="monday")
    second = store.write(kept(ROWS.slice(1)), dag_run="monday")
    assert store.read(first.version, dag_run="monday", digest=first.digest).num_rows == 2
    assert store.read(second.version, dag_run="monday", digest=second.digest).num_rows == 1


def test_rows_of_another_run_or_content_are_refused(store):
    first = store.write(kept(), dag_run="monday")
    with pytest.raises(
        ArtifactError, match=r"^quarantine version 0 of .* holds rows of run 'monday', not of 'tuesday'$"
    ):
        store.read(0, dag_run="tuesday", digest=first.digest)
    with pytest.raises(ArtifactError, match=r"has digest sha256:.*, recorded was sha256:0: its files were changed"):
        store.read(0, dag_run="monday", digest="sha256:0")
    with pytest.raises(ArtifactError, match=r"^quarantine version 5 of .* cannot be read: "):
        store.read(5, dag_run="monday", digest=first.digest)


def test_changed_files_are_refused_and_running_again_keeps_the_rows_anew(store, tmp_path):
    stored = store.write(kept(), dag_run="monday")
    donor = QuarantineStore(tmp_path / "donor")
    donor.write(kept(ROWS.set_column(2, "town", pa.array(["Bern", None]))), dag_run="monday")
    (forged,), (file,) = ((tmp_path / at).glob("*.parquet") for at in ("donor", "deep/quarantine"))
    file.write_bytes(forged.read_bytes())
    with pytest.raises(ArtifactError, match="its files were changed"):
        store.read(0, dag_run="monday", digest=stored.digest)
    again = store.write(kept(), dag_run="monday")
    assert again.version == 1
    assert store.read(1, dag_run="monday", digest=again.digest).num_rows == 2


@pytest.mark.parametrize("lost", ["unlink", "nonsense"])
def test_a_table_that_cannot_be_read_is_refused_in_one_sentence(store, tmp_path, lost):
    stored = store.write(kept(), dag_run="monday")
    (file,) = (tmp_path / "deep" / "quarantine").glob("*.parquet")
    file.unlink() if lost == "unlink" else file.write_bytes(b"nonsense")
    for ask in (
        store.listing,
        lambda: store.find(["abcdef"]),
        lambda: store.read(0, dag_run="monday", digest=stored.digest),
    ):
        with pytest.raises(ArtifactError, match=r"^quarantine .* cannot be read: .*; restore it, or move the folder"):
            ask()


def test_the_listing_tells_first_last_and_how_often_latest_first(store):
    store.write(kept(), rows_of_lines(LINES, **SOURCE), dag_run="monday")
    store.write(kept(ROWS.slice(1), reason="hum is null", positions=[9]), dag_run="tuesday")
    store.write(kept(ROWS.slice(1), reason="again", positions=[9]), dag_run="tuesday")
    first, second = row_ids(ROWS)
    listed = {row.id: row for row in store.listing()}
    assert next(iter(listed)) == second
    assert (listed[second].times_seen, listed[second].dag_run) == (2, "tuesday")
    assert (listed[second].position, listed[second].reasons) == (9, ("again",))
    assert listed[second].first_seen < listed[second].last_seen
    assert (listed[first].times_seen, listed[first].position) == (1, 0)
    (line,) = listed.keys() - {first, second}
    assert (listed[line].line, listed[line].codes) == (12, ("SL-Q008",))
    assert [row.id for row in store.listing(limit=1)] == [second]


def test_a_row_is_found_by_its_id_or_its_beginning(store):
    store.write(kept(), rows_of_lines(LINES, **SOURCE), dag_run="monday")
    store.write(kept(reason="again"), dag_run="tuesday")
    first, second = row_ids(ROWS)
    rows = store.find([second, first[:6], first])
    assert [row.id for row in rows] == [second, first]
    assert (rows[1].dag_run, rows[1].reasons, rows[1].recorded_at.tzname()) == ("tuesday", ("again",), "UTC")
    assert rows[1].values == {"id": "9007199254740993", "hum": "inf", "town": "Zürich"}
    assert rows[1].text is None
    (line,) = store.find([next(row.id for row in store.listing() if row.line)])
    assert (line.text, line.line, line.types) == ("1,2,3", 12, {})


def test_an_id_that_names_no_single_row_is_refused(store):
    same = pa.table({"a": [1, 1, 1]})
    first, *_ = ids = row_ids(same)
    store.write(kept(same), dag_run="monday")
    assert [row.id for row in store.find(ids)] == ids
    for asked, sentence in {
        "12345": "id '12345' is too short: give at least its first 6 characters",
        "nothing": "has the id 'nothing', nor one that begins with it",
        first[:10]: f"3 ids begin with {first[:10]!r}: {first}, {first}-2, {first}-3; give more of the one you mean",
    }.items():
        with pytest.raises(ArtifactError) as refusal:
            store.find([first, asked])
        assert sentence in str(refusal.value)
    with pytest.raises(ArtifactError, match="nor one that begins with it"):
        QuarantineStore(store._versions.root / "none").find(["abcdef"])


def test_ids_given_are_kept_and_must_be_one_a_row(store):
    store.write(kept(ids=["x-2", "y"]), dag_run="monday")
    assert {row.id for row in store.listing()} == {"x-2", "y"}
    with pytest.raises(ValueError, match="1 ids, but other numbers of"):
        kept(ids=["x"])


def test_a_type_that_has_no_text_is_refused_by_name():
    with pytest.raises(DataError, match="column 'when' has type month_day_nano_interval, whose values quarantine"):
        kept(pa.table({"when": pa.array([pa.MonthDayNano([1, 2, 3])])}))


def test_rows_without_a_position_have_none(store):
    rows = rows_of_table(ROWS, positions=None, codes=[[]] * 2, expectations=[[]] * 2, reasons=[[]] * 2, **SOURCE)
    stored = store.write(rows, dag_run="monday")
    assert store.read(0, dag_run="monday", digest=stored.digest)["position"].to_pylist() == [None, None]


TEXTS = st.text(st.characters(codec="utf-8"), max_size=5)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.none() | TEXTS, st.none() | st.floats(), st.none() | st.binary(max_size=3))), TEXTS, TEXTS)
def test_whatever_is_kept_is_read_back(store, rows, name, reason):
    table = pa.table(
        {
            f"{name}1": pa.array([row[0] for row in rows], pa.string()),
            f"{name}2": pa.array([row[1] for row in rows], pa.float64()),
            f"{name}3": pa.array([row[2] for row in rows], pa.binary()),
        }
    )
    given_ = kept(table, reason=reason)
    stored = store.write(given_, dag_run=name)
    if rows:
        read = store.read(stored.version, dag_run=name, digest=stored.digest)
        assert read.select(given_.column_names).equals(given_)
        assert store.write(given_, dag_run=name) == stored


def _many(count=100_000):
    return kept(pa.table({"n": list(range(count)), "text": ["some text"] * count}))


def _write_many(folder):
    QuarantineStore(folder).write(_many(), dag_run="monday")


@pytest.mark.parametrize("seen", ["*.parquet", "_delta_log", "_delta_log/*.json"])
def test_a_writer_that_was_killed_leaves_its_rows_once(store, tmp_path, seen):
    folder = tmp_path / "deep" / "quarantine"
    writer = FORKSERVER.Process(target=_write_many, args=(folder,))
    writer.start()
    while writer.is_alive() and not any(folder.glob(seen)):
        pass
    writer.kill()
    writer.join()
    stored = store.write(_many(), dag_run="monday")
    assert store.read(stored.version, dag_run="monday", digest=stored.digest).num_rows == 100_000
    assert DeltaTable(folder).version() == 0
    assert {row.times_seen for row in store.listing(limit=100)} == {1}


def _write_at_once(folder, barrier, dag_run):
    store = QuarantineStore(folder)
    barrier.wait(timeout=60)
    for reason in "abc":
        stored = store.write(kept(reason=reason), dag_run=dag_run)
        store.read(stored.version, dag_run=dag_run, digest=stored.digest)


def test_runs_and_copies_of_a_task_may_write_at_the_same_moment(store, tmp_path):
    folder = tmp_path / "deep" / "quarantine"
    barrier = FORKSERVER.Barrier(4)
    runs = ("monday", "monday", "tuesday", "wednesday")
    writers = [FORKSERVER.Process(target=_write_at_once, args=(folder, barrier, run)) for run in runs]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert DeltaTable(folder).version() == 3 * 3 - 1  # the two copies of Monday's run wrote each of theirs once
    assert [row.times_seen for row in store.listing()] == [3, 3]
