import os
import resource
import signal
import time

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from forking import FORKSERVER

from stageline.exceptions import ArtifactError
from stageline.tables.delta_versions import DeltaVersions
from stageline.tables.digest import digest_table

TABLE = pa.table({"id": ["a", "b"], "n": [1, 2]})


def as_it_is(table):
    return table.cast(pa.schema([("id", pa.string()), ("n", pa.int64())]))


def versions_of(root, mode="append"):
    return DeltaVersions(root, called="log", mend="mend it", mode=mode, typed=as_it_is, digest_of=digest_table)


def numbered(count):
    return pa.table({"id": [str(number) for number in range(count)], "n": list(range(count))})


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_what_was_written_with_a_version_is_read_back_by_itself(tmp_path, mode):
    versions = versions_of(tmp_path / "t", mode)
    tables = [numbered(3), numbered(5), numbered(2)]
    written = [versions.write(table, dag_run=str(at)) for at, table in enumerate(tables)]
    assert [version.number for version in written] == [0, 1, 2]
    for version, table in zip(written, tables, strict=True):
        assert versions.read(version.number, digest=version.digest).equals(table)
    assert sum(table.num_rows for table in versions.scan()) == (10 if mode == "append" else 2)


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_rows_keep_their_order_though_they_come_in_pieces(tmp_path, mode):
    whole = numbered(300_000)
    pieces = pa.concat_tables([whole.slice(begin, 7_000) for begin in range(0, 300_000, 7_000)])
    versions = versions_of(tmp_path / "t", mode)
    version = versions.write(pieces, dag_run="monday")
    assert versions.read(version.number, digest=version.digest).equals(whole)


def test_the_same_content_is_written_once(tmp_path):
    versions = versions_of(tmp_path / "t")
    first = versions.write(TABLE, dag_run="monday")
    versions.write(numbered(3), dag_run="monday")
    assert versions.write(TABLE, dag_run="tuesday") == first
    assert DeltaTable(tmp_path / "t").version() == 1


def test_a_scan_reads_the_columns_and_rows_asked_for(tmp_path):
    versions = versions_of(tmp_path / "t")
    versions.write(TABLE, dag_run="monday")
    versions.write(pa.table({"id": ["b", "c"], "n": [3, 4]}), dag_run="tuesday")
    found = pa.concat_tables(versions.scan(["n", "id"], among={"id": pa.array(["b", "z"])}))
    assert found.column_names == ["n", "id"]
    assert sorted(found["n"].to_pylist()) == [2, 3]
    assert list(versions_of(tmp_path / "nothing").scan()) == []


def test_old_versions_stay_readable_after_delta_has_tidied_up(tmp_path):
    root = tmp_path / "t"
    # Delta tidies up after every hundredth version; here, after every third.
    write_deltalake(root, numbered(1), configuration={"delta.checkpointInterval": "3"})
    versions = versions_of(root)
    old = time.time() - 90 * 86_400
    written = []
    for count in range(2, 9):
        written.append(versions.write(numbered(count), dag_run="monday"))
        for file in (root / "_delta_log").iterdir():
            os.utime(file, (old, old))
    assert (root / "_delta_log" / "_last_checkpoint").exists()
    for count, version in enumerate(written, start=2):
        assert versions.read(version.number, digest=version.digest).num_rows == count


def test_files_that_someone_broke_are_refused(tmp_path):
    versions = versions_of(tmp_path / "t")
    version = versions.write(TABLE, dag_run="monday")
    (file,) = (tmp_path / "t").glob("*.parquet")
    file.write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(ArtifactError, match=r"^log version 0 of .* cannot be read: .*; mend it$"):
        versions.read(version.number, digest=version.digest)
    with pytest.raises(ArtifactError, match=r"^log '.*' cannot be read: .*; mend it$"):
        list(versions.scan())


def test_a_broken_history_is_refused_before_anything_is_written(tmp_path):
    versions = versions_of(tmp_path / "t")
    versions.write(TABLE, dag_run="monday")
    (tmp_path / "t/_delta_log/00000000000000000000.json").write_text("nonsense", encoding="utf-8")
    files = sorted((tmp_path / "t").rglob("*"))
    with pytest.raises(ArtifactError, match=r"cannot be read"):
        versions.write(numbered(3), dag_run="tuesday")
    assert sorted((tmp_path / "t").rglob("*")) == files


def test_a_place_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"^log sha256:.* cannot be written to .*; mend the place"):
        versions_of(tmp_path / "file" / "t").write(TABLE, dag_run="monday")


def _write_on_a_full_disk(root, pipe):
    # The nearest thing to a full disk that needs no disk: no file may grow past 4 kB.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))
    try:
        versions_of(root).write(numbered(200_000), dag_run="tuesday")
    except ArtifactError as refusal:
        pipe.send(str(refusal))
    else:
        pipe.send("written")


@pytest.mark.parametrize("made", [True, False])
def test_a_full_disk_is_an_error_and_what_was_there_stays(tmp_path, made):
    versions = versions_of(tmp_path / "t")
    before = versions.write(TABLE, dag_run="monday") if made else None
    ours, theirs = FORKSERVER.Pipe()
    writer = FORKSERVER.Process(target=_write_on_a_full_disk, args=(tmp_path / "t", theirs))
    writer.start()
    writer.join(timeout=120)
    assert ours.poll()
    said = ours.recv()
    assert said.startswith("log sha256:")
    assert "cannot be written to" in said
    assert "is its disk full?" in said
    assert writer.exitcode == 0
    if before:
        assert versions.read(before.number, digest=before.digest).equals(TABLE)
    after = versions.write(numbered(200_000), dag_run="wednesday")
    assert versions.read(after.number, digest=after.digest).num_rows == 200_000


def _write_some(root, barrier, tables, dag_run):
    versions = versions_of(root)
    barrier.wait(timeout=60)
    for table in tables:
        version = versions.write(table, dag_run=dag_run)
        versions.read(version.number, digest=version.digest)


def test_writers_of_the_same_content_at_the_same_moment_leave_one_copy(tmp_path):
    barrier = FORKSERVER.Barrier(3)
    tables = [numbered(count) for count in range(1, 6)]
    writers = [
        FORKSERVER.Process(target=_write_some, args=(tmp_path / "t", barrier, tables, str(number)))
        for number in range(3)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert sum(table.num_rows for table in versions_of(tmp_path / "t").scan()) == 1 + 2 + 3 + 4 + 5
