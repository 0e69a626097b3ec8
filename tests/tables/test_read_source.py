import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from stageline.exceptions import SourceError
from stageline.tables import digest_table, read_source

BIKES = Path(__file__).resolve().parents[2].parent / "shared/data/bike_sharing_hour.csv"


def folder(path):
    path.mkdir()


def device(path):
    os.mkfifo(path)


def text(content):
    return lambda path: path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("uri", "make", "sentence"),
    [
        ("gone.csv", None, "'gone.csv': there is no such file under "),
        ("empty.csv", text(""), "'empty.csv': the file is empty (0 bytes); expected column names and rows"),
        ("empty.parquet", text(""), "'empty.parquet': the file is empty (0 bytes); expected column names and rows"),
        ("header.csv", text("a,b\n"), "'header.csv': has column names (a, b) but no rows"),
        ("wide.csv", text("a,b,c,d,e,f\n"), "'wide.csv': has column names (a, b, c, d, e, …) but no rows"),
        ("blank.csv", text("a,b\n\n\n"), "'blank.csv': has column names (a, b) but no rows"),
        (
            "rows.parquet",
            lambda path: parquet.write_table(pa.table({"a": pa.array([], pa.int64())}), path),
            "'rows.parquet': has column names (a) but no rows",
        ),
        ("table.xlsx", text("a"), "'table.xlsx': unknown file type '.xlsx'; known: .csv, .parquet"),
        ("table", text("a"), "'table': unknown file type ''; known: .csv, .parquet"),
        ("many.parquet", folder, "'many.parquet': is a folder or a device, not a file; name one file"),
        ("pipe.csv", device, "'pipe.csv': is a folder or a device, not a file; name one file"),
        ("csv.parquet", text("a,b\n1,2\n"), "'csv.parquet': is truncated or not a Parquet file"),
        ("../outside.csv", None, "'../outside.csv' leaves the project; put the file under the project folder"),
        ("/etc/passwd", None, "'/etc/passwd' is not relative; put the file under the project folder"),
        ("s3://bucket/x.csv", None, "'s3://bucket/x.csv': unknown scheme 's3'; use a path inside the project, "),
        (
            "sklearn://titanic",
            None,
            "'sklearn://titanic': unknown dataset; known: breast_cancer, diabetes, iris, wine",
        ),
        ("demo://nothing", None, "'demo://nothing': unknown demo table; known: "),
    ],
)
def test_an_unreadable_source_is_refused_in_one_sentence(tmp_path, uri, make, sentence):
    if make:
        make(tmp_path / uri)
    with pytest.raises(SourceError) as refusal:
        read_source(uri, tmp_path)
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


def test_a_link_that_leaves_the_project_is_refused(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    (project / "data.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(SourceError, match=r"'data\.csv' leaves the project; put the file under the project folder"):
        read_source("data.csv", project)


def test_a_link_inside_the_project_is_followed(tmp_path):
    (tmp_path / "real.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert read_source("link.csv", tmp_path).table.to_pydict() == {"a": [1]}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    path = tmp_path / "closed.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    path.chmod(0)
    with pytest.raises(SourceError, match=r"'closed\.csv': cannot be read: Permission denied"):
        read_source("closed.csv", tmp_path)


@pytest.mark.parametrize("name", ["data.csv", "data.CSV", "deep/er/data.csv"])
def test_the_digest_is_that_of_the_files_bytes(tmp_path, name):
    data = b"a,b\n1,x\n2,y\n"
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_bytes(data)
    source = read_source(name, tmp_path)
    assert source.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert (source.size_bytes, source.uri, source.table.num_rows) == (len(data), name, 2)


def test_reading_never_writes(tmp_path):
    (tmp_path / "good.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_text("a,a\n1,2\n", encoding="utf-8")
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "good.parquet")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()}
    tmp_path.chmod(0o500)
    try:
        for uri in ("good.csv", "good.parquet", "sklearn://iris"):
            read_source(uri, tmp_path)
        for uri in ("bad.csv", "gone.csv"):
            with pytest.raises(SourceError):
                read_source(uri, tmp_path)
    finally:
        tmp_path.chmod(0o700)
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("name", "rows", "targets"),
    [
        ("breast_cancer", 569, {"malignant", "benign"}),
        ("iris", 150, {"setosa", "versicolor", "virginica"}),
        ("wine", 178, {"class_0", "class_1", "class_2"}),
        ("diabetes", 442, None),
    ],
)
def test_sklearns_datasets_come_with_the_names_of_their_classes(tmp_path, name, rows, targets):
    source = read_source(f"sklearn://{name}", tmp_path)
    assert source.table.num_rows == rows
    assert source.digest == digest_table(source.table)
    assert targets is None or set(source.table["target"].to_pylist()) == targets


def test_the_demo_is_the_same_every_time(tmp_path):
    first, second = (read_source("demo://hourly_demand", tmp_path) for _ in range(2))
    assert first.digest == second.digest


@pytest.mark.skipif(not BIKES.is_file(), reason="the bike sharing data is not on this machine")
def test_real_data_is_read_whole():
    source = read_source(BIKES.name, BIKES.parent)
    assert source.table.num_rows == 17_379
    assert source.table.column_names[:2] == ["instant", "dteday"]
    assert pa.types.is_date32(source.table["dteday"].type)
