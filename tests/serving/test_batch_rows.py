import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyarrow import parquet

from stageline.exceptions import SourceError
from stageline.serving import open_rows
from stageline.tables import read_source

TYPES = {"n": pa.float64()}


def drain(uri, project):
    rows = open_rows(uri, project, TYPES)
    return pa.Table.from_batches(list(rows.batches(["n"])), pa.schema([("n", pa.float64())]))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", r"the file is empty \(0 bytes\)"),
        ("a.csv", b"\n\n", "line 1 holds no column names"),
        ("a.csv", b"n,n\n1,2\n", "columns 1 and 2 have the same name 'n'"),
        ("a.csv", b"n,\n1,2\n", "column 2 of 2 has no name"),
        ("a.csv", b"n,t\n1,a\0b\n", "holds a zero byte at offset 7"),
        ("a.csv", b'n,t\n1,"a\n2,b\n', "a quote opened after line 1 is never closed"),
        ("a.csv", b"n,t\nx,a\n", "invalid value 'x'"),
        ("a.csv", b"n\xff,t\n1,a\n", "the header line cannot be read"),
        ("a.parquet", b"PAR1 nonsense PAR1", "cannot be read as a table"),
        ("a.json", b"{}", r"unknown file type '.json'"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=words):
        drain(name, tmp_path)


def test_a_truncated_parquet_file_is_refused(tmp_path):
    parquet.write_table(pa.table({"n": [float(row) for row in range(10_000)]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"'a.parquet': cannot be read as a table"):
        drain("a.parquet", tmp_path)


@pytest.mark.parametrize(
    "uri", ["../a.csv", "/etc/passwd", "~/a.csv", "link.csv", "file:///etc/passwd", "s3://b/a.csv"]
)
def test_a_path_that_leaves_the_project_is_refused(tmp_path, uri):
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "a.csv").write_text("n\n1\n", "utf-8")
    (project / "link.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(SourceError):
        open_rows(uri, project, TYPES)


def test_what_is_not_there_is_named(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceError, match=r"'a.csv': there is no such file or folder"):
        open_rows("a.csv", tmp_path, TYPES)
    with pytest.raises(SourceError, match=r"'folder': is a folder without a Delta table"):
        open_rows("folder", tmp_path, TYPES)


def test_a_header_alone_has_no_rows(tmp_path):
    (tmp_path / "a.csv").write_text("n,t\n", "utf-8")
    assert drain("a.csv", tmp_path).num_rows == 0


def test_a_csv_file_in_many_blocks_is_read_whole(tmp_path, monkeypatch):
    from stageline.serving import csv_rows

    monkeypatch.setattr(csv_rows, "_BLOCK_BYTES", 1_000)
    lines = [f"{row},text {row}" for row in range(5_000)]
    lines[3_000] = "3000"
    (tmp_path / "a.csv").write_text("\ufeffn,t\n" + "\n".join(lines) + "\n", "utf-8")
    rows = open_rows("a.csv", tmp_path, TYPES)
    batches = list(rows.batches(["n"]))
    assert len(batches) > 10
    assert sum(batch.num_rows for batch in batches) == 4_999
    assert (rows.ragged.count, rows.ragged.first[0].line) == (1, 3_002)
    assert rows.digest == read_source("a.csv", tmp_path).digest


def test_the_digest_is_that_of_the_content(tmp_path):
    parquet.write_table(pa.table({"n": [1.0]}), tmp_path / "a.parquet")
    assert open_rows("a.parquet", tmp_path, TYPES).digest == read_source("a.parquet", tmp_path).digest
    digests = []
    for _ in range(2):
        write_deltalake(tmp_path / "d", pa.table({"n": [1.0]}), mode="append")
        digests += [open_rows("d", tmp_path, TYPES).digest, open_rows("d", tmp_path, TYPES).digest]
    assert digests[0] == digests[1] != digests[2] == digests[3]


def test_a_delta_tables_new_columns_are_null_in_its_old_files(tmp_path):
    write_deltalake(tmp_path / "d", pa.table({"t": ["a", "b"]}))
    write_deltalake(tmp_path / "d", pa.table({"t": ["c"], "n": [3.0]}), mode="append", schema_mode="merge")
    assert sorted(drain("d", tmp_path)["n"].to_pylist(), key=str) == [3.0, None, None]


def test_a_data_set_that_comes_with_a_library_is_scored_too(tmp_path):
    rows = open_rows("sklearn://wine", tmp_path, TYPES)
    assert sum(batch.num_rows for batch in rows.batches(["alcohol"])) == 178
