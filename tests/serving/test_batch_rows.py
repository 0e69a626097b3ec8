import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyarrow import parquet

from stageline.exceptions import SourceError
from stageline.serving import csv_rows, open_rows, parquet_rows
from stageline.serving.row_parts import RaggedLines, read_part
from stageline.tables import read_source

TYPES = {"n": pa.float64()}


def batches(rows, ragged=None):
    return [batch for part in rows.parts for batch in read_part(rows.uri, part, ["n"], ragged or RaggedLines())]


def drain(uri, project):
    return pa.Table.from_batches(batches(open_rows(uri, project, TYPES)), pa.schema([("n", pa.float64())]))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"", r"the file is empty \(0 bytes\)"),
        ("a.csv", b"\n\n", "line 1 holds no column names"),
        ("a.csv", b"n,n\n1,2\n", "columns 1 and 2 have the same name 'n'"),
        ("a.csv", b"n,\n1,2\n", "column 2 of 2 has no name"),
        ("a.csv", b"n,t\n1,a\0b\n", "holds a zero byte at offset 7"),
        ("a.csv", b'n,t\n1,"a\n2,b\n', "a quote opened after line 1 is never closed"),
        ("a.csv", b"n,t\nx,a\n", "column .n. cannot be read as double, .*: row 2 of the file holds something else"),
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
    with pytest.raises(SourceError, match=r"'folder': is a folder without a Delta table and without a Parquet file"):
        open_rows("folder", tmp_path, TYPES)


def test_a_header_alone_has_no_rows(tmp_path):
    (tmp_path / "a.csv").write_text("n,t\n", "utf-8")
    assert drain("a.csv", tmp_path).num_rows == 0


def test_a_csv_file_in_many_blocks_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_rows, "_BLOCK_BYTES", 1_000)
    lines = [f"{row},text {row}" for row in range(5_000)]
    lines[3_000] = "3000"
    (tmp_path / "a.csv").write_text("\ufeffn,t\n" + "\n".join(lines) + "\n", "utf-8")
    rows, ragged = open_rows("a.csv", tmp_path, TYPES), RaggedLines()
    found = batches(rows, ragged)
    assert len(found) > 10
    assert sum(batch.num_rows for batch in found) == 4_999
    assert (ragged.count, ragged.first[0].line) == (1, 3_002)
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
    assert sum(batch.num_rows for part in rows.parts for batch in part.batches(["alcohol"], RaggedLines())) == 178


def folder_of(tmp_path, *tables):
    (tmp_path / "f").mkdir()
    for number, table in enumerate(tables):
        parquet.write_table(table, tmp_path / f"f/{number}.parquet")
    return "f"


def test_the_files_of_a_folder_are_read_in_the_order_of_their_names(tmp_path):
    uri = folder_of(tmp_path, pa.table({"n": [1.0, 2.0]}), pa.table({"n": [3.0]}))
    (tmp_path / "f/_SUCCESS").touch()
    (tmp_path / "f/.0.parquet.crc").write_bytes(b"x")
    assert drain(uri, tmp_path)["n"].to_pylist() == [1.0, 2.0, 3.0]
    before = open_rows(uri, tmp_path, TYPES).digest
    parquet.write_table(pa.table({"n": [4.0]}), tmp_path / "f/1.parquet")
    assert open_rows(uri, tmp_path, TYPES).digest != before


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"n": [1]}, r"'f': '1.parquet' has other columns than '0.parquet': 'n' differs \(1 in all\)"),
        ({"n": [1.0], "m": [1], "k": [1]}, r"'k' differs \(2 in all\)"),
        ({}, r"'n' differs \(1 in all\)"),
    ],
)
def test_files_of_a_folder_that_differ_in_their_columns_are_refused(tmp_path, other, words):
    uri = folder_of(tmp_path, pa.table({"n": [1.0]}), pa.table(other))
    with pytest.raises(SourceError, match=words):
        open_rows(uri, tmp_path, TYPES)


def test_columns_in_another_order_are_refused(tmp_path):
    uri = folder_of(tmp_path, pa.table({"n": [1.0], "m": [1]}), pa.table({"m": [1], "n": [1.0]}))
    with pytest.raises(SourceError, match=r"'their order' differs"):
        open_rows(uri, tmp_path, TYPES)


@pytest.mark.parametrize("name", ["notes.csv", "day=1"])
def test_a_folder_that_holds_something_else_is_refused(tmp_path, name):
    uri = folder_of(tmp_path, pa.table({"n": [1.0]}))
    (tmp_path / "f" / name).mkdir()
    with pytest.raises(SourceError, match=rf"'f': is a folder without a Delta table that holds '{name}'"):
        open_rows(uri, tmp_path, TYPES)


def test_small_row_groups_are_read_together(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet_rows, "_PART_ROWS", 50)
    table = pa.table({"n": [float(row) for row in range(130)]})
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=20)
    parts = open_rows("a.parquet", tmp_path, TYPES).parts
    assert [(part.groups, part.rows) for part in parts] == [((0, 1, 2), 60), ((3, 4, 5), 60), ((6,), 10)]
    assert drain("a.parquet", tmp_path) == table


@pytest.mark.parametrize("size", [1, 7, 64, 1_000, 10_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_csv_file_without_quotes_is_cut_between_lines(tmp_path, monkeypatch, size, end):
    monkeypatch.setattr(csv_rows, "_PART_BYTES", size)
    monkeypatch.setattr(csv_rows, "_BLOCK_BYTES", 100)
    lines = [f"{row},text {row}" for row in range(300)]
    lines[200] = "200"
    text = "\ufeffn,t" + end + end.join(lines) + end * 3
    (tmp_path / "a.csv").write_bytes(text.encode())
    rows, ragged = open_rows("a.csv", tmp_path, TYPES), RaggedLines()
    numbers = [number for batch in batches(rows, ragged) for number in batch.column(0).to_pylist()]
    assert numbers == [float(row) for row in range(300) if row != 200]
    assert [(one.line, one.reason) for one in ragged.first] == [(202, "has 1 value instead of 2")]
    assert (len(rows.parts) == 1) == (size == 10_000)
    assert [part.begin for part in rows.parts] == [0, *(part.end for part in rows.parts[:-1])]


def test_a_csv_file_with_a_quote_is_one_part(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_rows, "_PART_BYTES", 5)
    (tmp_path / "a.csv").write_text('n,t\n1,"two\nlines"\n3,x\n', "utf-8")
    assert len(open_rows("a.csv", tmp_path, TYPES).parts) == 1
    assert drain("a.csv", tmp_path)["n"].to_pylist() == [1.0, 3.0]
