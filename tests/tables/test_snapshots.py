# ruff: noqa: DTZ001 - times without a zone are what these tests are about

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from forking import FORKSERVER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stageline.exceptions import ArtifactError, DataError
from stageline.tables import SnapshotStore

TABLE = pa.table({"id": [1, 2, 3], "hum": [0.5, None, 0.7], "town": ["a", None, "c"]})


@pytest.fixture
def store(tmp_path):
    return SnapshotStore(tmp_path / "deep" / "features")


def test_what_is_written_is_read_back(store):
    stored = store.write(TABLE, dag_run="monday")
    assert (stored.version, stored.written_by) == (0, "monday")
    assert store.read(stored.version, digest=stored.digest) == TABLE


def test_the_same_content_is_stored_once_whoever_writes_it(store, tmp_path):
    first = store.write(TABLE, dag_run="monday")
    again = SnapshotStore(tmp_path / "deep" / "features").write(pa.concat_tables([TABLE]), dag_run="tuesday")
    assert again == first


def test_changed_content_is_a_new_version_and_the_old_one_stays(store):
    old = store.write(TABLE, dag_run="monday")
    new = store.write(TABLE.slice(0, 2), dag_run="tuesday")
    assert (new.version, new.written_by) == (1, "tuesday")
    assert store.read(old.version, digest=old.digest) == TABLE
    assert store.write(TABLE, dag_run="wednesday") == old


def test_columns_may_change_from_one_version_to_the_next(store):
    old = store.write(TABLE, dag_run="monday")
    new = store.write(pa.table({"id": ["x"], "other": [True]}), dag_run="tuesday")
    assert store.read(new.version, digest=new.digest).column_names == ["id", "other"]
    assert store.read(old.version, digest=old.digest) == TABLE


def test_a_version_with_another_content_is_refused(store):
    old = store.write(TABLE, dag_run="monday")
    store.write(TABLE.slice(0, 2), dag_run="tuesday")
    with pytest.raises(ArtifactError, match=r"snapshot version 1 of .* has digest sha256:.*, recorded was sha256:"):
        store.read(1, digest=old.digest)


def files(tmp_path):
    return list((tmp_path / "deep" / "features").glob("*.parquet"))


def test_changed_files_are_refused_and_running_again_mends_them(store, tmp_path):
    stored = store.write(TABLE, dag_run="monday")
    donor = SnapshotStore(tmp_path / "donor")
    donor.write(TABLE.set_column(1, "hum", pa.array([0.5, None, 0.8])), dag_run="x")
    (forged,), (file,) = (tmp_path / "donor").glob("*.parquet"), files(tmp_path)
    file.write_bytes(forged.read_bytes())
    with pytest.raises(ArtifactError, match="its files were changed; run the features step again"):
        store.read(stored.version, digest=stored.digest)
    mended = store.write(TABLE, dag_run="tuesday")
    assert mended.version > stored.version
    assert store.read(mended.version, digest=mended.digest) == TABLE


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PAR1 nonsense PAR1")])
def test_lost_or_broken_files_are_refused(store, tmp_path, damage):
    stored = store.write(TABLE, dag_run="monday")
    damage(files(tmp_path)[0])
    with pytest.raises(ArtifactError, match=r"snapshot version 0 of .* cannot be read: .*; run the features step"):
        store.read(stored.version, digest=stored.digest)


@pytest.mark.parametrize("written", [True, False])
def test_a_missing_version_is_refused(store, written):
    if written:
        store.write(TABLE, dag_run="monday")
    with pytest.raises(ArtifactError, match=r"snapshot version 7 of .* cannot be read"):
        store.read(7, digest="sha256:0")


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], pa.uint8(), [1, None]),
        ([2**32 - 1, None], pa.uint32(), [2**32 - 1, None]),
        ([2**63 - 1, None], pa.uint64(), [2**63 - 1, None]),
        ([2**64 - 1, None], pa.uint64(), [Decimal(2**64 - 1), None]),
        ([-(2**63), None], pa.int64(), [-(2**63), None]),
        ([np.float16(0.5), None], pa.float16(), [0.5, None]),
        ([0.1, None, float("nan"), float("inf"), -0.0], pa.float64(), None),
        (["x", None, ""], pa.string(), ["x", None, ""]),
        (["x", None], pa.large_string(), ["x", None]),
        (["x", None], pa.string_view(), ["x", None]),
        (["x", None, "x"], pa.dictionary(pa.int8(), pa.string()), ["x", None, "x"]),
        ([7, None], pa.dictionary(pa.int8(), pa.int64()), [7, None]),
        ([b"\0\xff", None], pa.binary(), [b"\0\xff", None]),
        ([b"x", None], pa.large_binary(), [b"x", None]),
        ([b"xy", None], pa.binary(2), [b"xy", None]),
        ([True, None, False], pa.bool_(), [True, None, False]),
        ([None, None], pa.null(), [None, None]),
        ([None, None], pa.float64(), [None, None]),
        ([Decimal("1.10"), None], pa.decimal128(10, 2), [Decimal("1.10"), None]),
        ([Decimal("1.10"), None], pa.decimal256(20, 2), [Decimal("1.10"), None]),
        ([Decimal("1.10"), None], pa.decimal256(50, 2), ["1.10", None]),
        ([date(1900, 1, 1), None], pa.date32(), [date(1900, 1, 1), None]),
        ([date(2024, 2, 29), None], pa.date64(), [date(2024, 2, 29), None]),
        ([datetime(2024, 1, 1, 10), None], pa.timestamp("s"), [datetime(2024, 1, 1, 10), None]),
        ([1, None], pa.timestamp("ns"), [datetime(1970, 1, 1), None]),
        (
            [datetime(2024, 7, 1, tzinfo=UTC), None],
            pa.timestamp("ms", "Europe/Berlin"),
            [datetime(2024, 7, 1, tzinfo=UTC), None],
        ),
        ([time(10, 30), None], pa.time32("s"), ["10:30:00", None]),
        ([timedelta(seconds=2), None], pa.duration("ms"), [2_000, None]),
    ],
)
def test_every_type_keeps_its_digest(store, values, kind, expected):
    table = pa.table({"a": pa.array(values, kind)})
    stored = store.write(table, dag_run="monday")
    read = store.read(stored.version, digest=stored.digest)
    assert expected is None or read["a"].to_pylist() == expected
    assert store.write(read, dag_run="tuesday") == stored


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            [[1]],
            "column 'a' has type list<item: int64>, which a Delta table does not keep; list it in features.exclude",
        ),
        ([{"x": 1}], "column 'a' has type struct<x: int64>, which a Delta table does not keep"),
        (pa.array([2**62], pa.timestamp("s")), "column 'a' does not fit into timestamp"),
    ],
)
def test_what_delta_cannot_keep_is_refused_before_anything_is_written(store, tmp_path, values, sentence):
    with pytest.raises(DataError) as refusal:
        store.write(pa.table({"a": values}), dag_run="monday")
    assert sentence in str(refusal.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("part", ["#", "?", "%41", "[", "]", "|", "^", "\\"])
def test_a_place_that_delta_misreads_is_refused(tmp_path, part):
    with pytest.raises(ArtifactError) as refusal:
        SnapshotStore(tmp_path / f"a{part}b").write(TABLE, dag_run="monday")
    assert f"Delta misreads {part!r} in a path; choose another [stageline] home" in str(refusal.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folder", ["a b", "ü", "50%", "a+b", "'a'", "a*", "{a}~"])
def test_any_other_place_will_do(tmp_path, folder):
    store = SnapshotStore(tmp_path / folder / "features")
    stored = store.write(TABLE, dag_run="monday")
    assert store.read(stored.version, digest=stored.digest) == TABLE


def test_names_that_differ_only_in_case_are_refused(store):
    with pytest.raises(DataError, match="columns 'a' and 'A' differ only in case; a Delta table keeps one of them"):
        store.write(pa.table({"a": [1], "A": [2]}), dag_run="monday")


WEIRD = ["a b", "a,b", "a;b", "{x}", "(x)", "a\nb", "a\tb", "a=b", "a.b", "`a`", '"a"', "<script>", "%41", "a/b", " "]


@pytest.mark.parametrize("name", [*WEIRD, "ä", "💶", "x" * 300, "'; DROP TABLE features; --", "_metadata"])
def test_weird_column_names_survive(store, name):
    table = pa.table({name: [1, 2], "plain": ["x", "y"]})
    stored = store.write(table, dag_run="monday")
    assert store.read(stored.version, digest=stored.digest) == table


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    numbers=st.lists(st.none() | st.floats(), min_size=1, max_size=5),
    words=st.lists(st.none() | st.text(st.characters(codec="utf-8")), min_size=1, max_size=5),
)
def test_any_numbers_and_texts_survive(tmp_path, numbers, words):
    store = SnapshotStore(tmp_path / "any")
    rows = min(len(numbers), len(words))
    table = pa.table({"n": pa.array(numbers[:rows], pa.float64()), "t": pa.array(words[:rows], pa.string())})
    stored = store.write(table, dag_run="monday")
    store.read(stored.version, digest=stored.digest)
    assert store.write(table, dag_run="tuesday").version == stored.version


def test_many_rows_keep_their_order(store):
    rows = 400_000
    table = pa.table({"n": np.random.default_rng(0).random(rows), "i": np.arange(rows)})
    stored = store.write(table, dag_run="monday")
    assert store.read(stored.version, digest=stored.digest)["i"].to_pylist() == list(range(rows))


def _write_at_once(folder, barrier, table, dag_run):
    store = SnapshotStore(folder)
    barrier.wait(timeout=60)
    stored = store.write(table, dag_run=dag_run)
    store.read(stored.version, digest=stored.digest)


@pytest.mark.parametrize("same", [True, False])
def test_writers_at_the_same_moment_both_find_their_rows(store, tmp_path, same):
    folder = tmp_path / "deep" / "features"
    store.write(TABLE.slice(0, 1), dag_run="sunday")
    barrier = FORKSERVER.Barrier(2)
    tables = (TABLE, TABLE if same else TABLE.slice(0, 2))
    writers = [
        FORKSERVER.Process(target=_write_at_once, args=(folder, barrier, table, str(number)))
        for number, table in enumerate(tables)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert [writer.exitcode for writer in writers] == [0, 0]
    for table in tables:
        assert store.write(table, dag_run="later").written_by in ("0", "1")
