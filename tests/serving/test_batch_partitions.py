import os
import resource
import signal
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from forking import FORKSERVER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scoring import Weighted, case, rows_of

from stageline.exceptions import ArtifactError
from stageline.serving import PredictionsTable

SCHEMA = pa.schema([("id", pa.int64()), ("prediction", pa.float64())])
NAMES = ("2026-11-20T00:00:00+00:00", "manual__2026-11-20T06:00:00+00:00_aB", 'o\'Neil "x"/é %20 ;--', "a", "b")


def numbered(begin, end):
    return pa.table({"id": range(begin, end), "prediction": [float(row) for row in range(begin, end)]}, schema=SCHEMA)


def put(root, partition, *tables, schema=SCHEMA, **more):
    predictions = PredictionsTable(root)
    with predictions.stage(schema) as staged:
        files = []
        for part in tables:
            with staged.open() as file:
                file.write(part)
                files.append(file.close())
        return predictions.publish(staged, files, partition, about={"stageline.dag_run": "run"}, **more)


def held(root):
    """Return the ids of each partition, as the newest version has them."""
    from pyarrow import parquet

    found = {}
    for file in pa.table(DeltaTable(str(root)).get_add_actions(flatten=True)).to_pylist():
        ids = parquet.ParquetFile(root / file["path"]).read()["id"].to_pylist()
        found.setdefault(file["partition.partition"], []).extend(ids)
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 9)), min_size=1, max_size=8))
def test_a_partition_written_again_replaces_only_itself(tmp_path_factory, writes):
    root = tmp_path_factory.mktemp("place") / "predictions"
    expected = {}
    for number, (partition, rows) in enumerate(writes):
        published = put(root, partition, numbered(100 * number, 100 * number + rows))
        assert published.replaced == len(expected.get(partition, []))
        assert published.version == DeltaTable(str(root)).version()
        expected[partition] = list(range(100 * number, 100 * number + rows))
        assert held(root) == expected


def test_scoring_again_replaces_the_same_partition(tmp_path):
    trained = case(tmp_path)
    trained.score(rows_of(0, 30), partition="monday")
    trained.score(rows_of(30, 70), partition="tuesday")
    tuesday = trained.read("tuesday")
    later = datetime(2026, 11, 22, tzinfo=UTC)
    scored = trained.score(rows_of(5, 25), partition="monday", model_version=8, scored_at=later)
    assert scored.published.replaced == 30
    assert [row["id"] for row in trained.read("monday")] == list(range(5, 25))
    assert {row["model_version"] for row in trained.read("monday")} == {8}
    assert trained.read("tuesday") == tuesday


def test_a_confirmation_that_refuses_leaves_all_as_it_was(tmp_path):
    root = tmp_path / "predictions"
    put(root, "a", numbered(0, 3))
    before = sorted(path.name for path in root.rglob("*"))

    def refuse():
        raise ArtifactError("the head moved")

    with pytest.raises(ArtifactError, match="the head moved"):
        put(root, "a", numbered(5, 9), confirm=refuse)
    assert held(root) == {"a": [0, 1, 2]}
    assert sorted(path.name for path in root.rglob("*")) == before


def test_whoever_writes_in_between_makes_the_confirmation_be_asked_again(tmp_path):
    root = tmp_path / "predictions"
    put(root, "a", numbered(0, 3))
    asked = []

    def confirm():
        asked.append(held(root))
        if len(asked) == 1:
            put(root, "b", numbered(3, 4))

    put(root, "a", numbered(5, 7), confirm=confirm)
    assert asked == [{"a": [0, 1, 2]}, {"a": [0, 1, 2], "b": [3]}]
    assert held(root) == {"a": [5, 6], "b": [3]}


def test_many_files_become_a_partition_in_one_commit(tmp_path):
    root = tmp_path / "predictions"
    put(root, "a", numbered(0, 3), numbered(3, 4))
    published = put(root, "a", numbered(5, 9), numbered(9, 9), numbered(9, 12))
    assert (published.rows, published.replaced, published.version) == (7, 4, 2)
    assert sorted(held(root)["a"]) == list(range(5, 12))
    # A file without rows is none, and what was replaced stays for readers of the earlier version.
    assert len(list(root.rglob("*.parquet"))) == 4


def test_files_that_were_not_closed_are_none_of_the_partition(tmp_path):
    root = tmp_path / "predictions"
    predictions = PredictionsTable(root)
    with predictions.stage(SCHEMA) as staged:
        with staged.open() as lost:
            lost.write(numbered(0, 5))
        with staged.open() as kept:
            kept.write(numbered(5, 9))
            files = [kept.close()]
        predictions.publish(staged, files, "a", about={})
    assert held(root) == {"a": [5, 6, 7, 8]}
    assert len(list(root.rglob("*.parquet"))) == 1


def test_a_writer_that_comes_after_the_end_can_write_nothing(tmp_path):
    predictions = PredictionsTable(tmp_path / "predictions")
    with predictions.stage(SCHEMA) as staged, staged.open() as slow:
        slow.write(numbered(0, 5))
        with predictions.stage(SCHEMA) as other:
            pass
        with pytest.raises(ArtifactError, match="cannot be written to"), other.open():
            pytest.fail("the folder was there")
    assert list((tmp_path / "predictions").rglob("*.parquet")) == []


class LostConnectionError(Exception):
    pass


@pytest.mark.parametrize("error", [ArtifactError, LostConnectionError, KeyboardInterrupt])
def test_whatever_stops_a_publication_leaves_no_file_behind(tmp_path, error):
    root = tmp_path / "predictions"
    put(root, "a", numbered(0, 3))
    before = sorted(path.name for path in root.rglob("*"))

    def stop():
        raise error

    with pytest.raises(error):
        put(root, "a", numbered(5, 9), numbered(9, 12), confirm=stop)
    assert held(root) == {"a": [0, 1, 2]}
    assert sorted(path.name for path in root.rglob("*")) == before


def test_a_file_that_vanished_before_the_commit_leaves_all_as_it_was(tmp_path):
    root = tmp_path / "predictions"
    put(root, "a", numbered(0, 3))
    predictions = PredictionsTable(root)
    with predictions.stage(SCHEMA) as staged:
        files = []
        for begin in (10, 20):
            with staged.open() as file:
                file.write(numbered(begin, begin + 5))
                files.append(file.close())
        (staged.folder / files[1].name).unlink()
        with pytest.raises(ArtifactError, match=r"partition 'a' is as it was"):
            predictions.publish(staged, files, "a", about={})
    assert held(root) == {"a": [0, 1, 2]}
    assert len(list(root.rglob("*.parquet"))) == 1


def test_a_writer_that_is_always_slower_gives_up(tmp_path):
    root = tmp_path / "predictions"
    with pytest.raises(
        ArtifactError, match=r"partition 'a' of .* is as it was: in 10 attempts others were always faster"
    ):
        put(root, "a", numbered(0, 2), confirm=lambda: put(root, "b", numbered(3, 4)))
    assert held(root) == {"b": [3]}
    # Of the loser, nothing is left lying about.
    assert len(list(root.rglob("*.parquet"))) == 10


def test_other_columns_than_before_are_refused(tmp_path):
    root = tmp_path / "predictions"
    put(root, "a", numbered(0, 3))
    words = r"have other columns than these: 'id' is int64 there, missing here \(1 in all\)"
    with pytest.raises(ArtifactError, match=words):
        put(root, "a", numbered(5, 6).drop(["id"]), schema=SCHEMA.remove(0))
    assert held(root) == {"a": [0, 1, 2]}


def test_what_a_dead_writer_left_is_swept_after_a_day(tmp_path):
    staged = tmp_path / "predictions/_staged"
    staged.mkdir(parents=True)
    # Of a folder, the file written last counts.
    for name, age, file_age in (("old", 100_000, 100_000), ("new", 10, 10), ("long", 100_000, 10)):
        (staged / name).mkdir()
        (staged / name / "half.parquet").write_bytes(b"half")
        for path, seconds in ((staged / name / "half.parquet", file_age), (staged / name, age)):
            stamp = datetime.now(UTC).timestamp() - seconds
            os.utime(path, (stamp, stamp))
    (staged / "of an earlier version.parquet").write_bytes(b"half")
    os.utime(staged / "of an earlier version.parquet", (1, 1))
    put(tmp_path / "predictions", "a", numbered(0, 2))
    assert sorted(path.name for path in staged.iterdir()) == ["long", "new"]


def _race(root, barrier, partition, count):
    barrier.wait(timeout=60)
    for number in range(count):
        put(root, partition, numbered(number, number + 5))


@pytest.mark.parametrize("partitions", [("a", "a", "a"), ("a", "b", "c")])
def test_writers_at_the_same_moment_leave_one_copy_of_each_partition(tmp_path, partitions):
    barrier = FORKSERVER.Barrier(3)
    root = tmp_path / "predictions"
    writers = [FORKSERVER.Process(target=_race, args=(root, barrier, name, 2)) for name in partitions]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    found = held(root)
    assert set(found) == set(partitions)
    assert all(ids in (list(range(5)), list(range(1, 6))) for ids in found.values())


class Dying(Weighted):
    """A model whose process is killed when it is asked for the last time."""

    asked = 0

    def predict(self, frame):
        self.asked += 1
        if self.asked == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(frame)


def _die_while_scoring(folder):
    case(folder, model=Dying()).score(rows_of(1_000, 200_000))


def _die_before_the_commit(folder):
    case(folder, model=Weighted()).score(rows_of(1_000, 2_000), confirm=lambda: os.kill(os.getpid(), signal.SIGKILL))


@pytest.mark.parametrize("die", [_die_while_scoring, _die_before_the_commit])
def test_a_writer_that_is_killed_leaves_the_old_partition(tmp_path, die):
    trained = case(tmp_path, model=Weighted())
    trained.score(rows_of(0, 30))
    before = trained.read()
    writer = FORKSERVER.Process(target=die, args=(tmp_path,))
    writer.start()
    writer.join(timeout=120)
    assert writer.exitcode == -signal.SIGKILL
    assert trained.read() == before
    trained.score(rows_of(1_000, 1_040))
    assert [row["id"] for row in trained.read()] == list(range(1_000, 1_040))


def _score_on_a_full_disk(folder, pipe):
    # The nearest thing to a full disk that needs no disk: no file may grow past 64 kB.
    trained, source = case(folder, model=Weighted()), "rows.parquet"
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, 65_536))
    try:
        trained.score(source)
    except ArtifactError as refusal:
        pipe.send(str(refusal))
    else:
        pipe.send("written")


def test_a_full_disk_is_an_error_and_the_old_partition_stays(tmp_path):
    trained = case(tmp_path, model=Weighted())
    trained.score(rows_of(0, 30))
    before = trained.read()
    from scoring import write

    write(rows_of(1_000, 300_000), tmp_path, "parquet")
    ours, theirs = FORKSERVER.Pipe()
    writer = FORKSERVER.Process(target=_score_on_a_full_disk, args=(tmp_path, theirs))
    writer.start()
    writer.join(timeout=120)
    assert ours.poll()
    said = ours.recv()
    assert "cannot be written to" in said
    assert "is its disk full?" in said
    assert writer.exitcode == 0
    assert trained.read() == before
    assert list((tmp_path / "predictions/_staged").iterdir()) == []
    trained.score("rows.parquet")
    assert len(trained.read()) == 299_000
