import hashlib
import os
from pathlib import Path

import pytest

from stageline.exceptions import ArtifactError
from stageline.serving import ModelFiles, local_file
from stageline.serving import model_files as room


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_a_kept_file_is_found_by_its_digest(tmp_path):
    (tmp_path / "m").write_bytes(b"model")
    files = ModelFiles(tmp_path / "kept")
    assert files.find(digest(b"model")) is None
    kept = files.keep(tmp_path / "m", digest(b"model"))
    (tmp_path / "m").unlink()
    assert files.find(digest(b"model")) == kept
    assert kept.read_bytes() == b"model"


def test_a_kept_file_that_was_edited_is_not_found(tmp_path):
    (tmp_path / "m").write_bytes(b"model")
    files = ModelFiles(tmp_path / "kept")
    files.keep(tmp_path / "m", digest(b"model")).write_bytes(b"other")
    assert files.find(digest(b"model")) is None
    assert files.keep(tmp_path / "m", digest(b"model")).read_bytes() == b"model"


def test_another_file_than_the_one_released_is_not_kept(tmp_path):
    (tmp_path / "m").write_bytes(b"edited")
    files = ModelFiles(tmp_path / "kept")
    with pytest.raises(ArtifactError, match=r"has digest sha256:.*, released was sha256:.*: the artifact was changed"):
        files.keep(tmp_path / "m", digest(b"model"))
    assert list((tmp_path / "kept").iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "m").write_bytes(b"model")
    (tmp_path / "kept").write_bytes(b"a file")
    with pytest.raises(ArtifactError, match=r"cannot be kept in .*is its disk full\?"):
        ModelFiles(tmp_path / "kept").keep(tmp_path / "m", digest(b"model"))


def test_those_used_longest_ago_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_KEPT", 2)
    files = ModelFiles(tmp_path / "kept")
    for number, data in enumerate([b"a", b"b", b"c"]):
        (tmp_path / "m").write_bytes(data)
        path = files.keep(tmp_path / "m", digest(data))
        os.utime(path, (number, number))
    assert [files.find(digest(data)) is None for data in (b"a", b"b", b"c")] == [True, False, False]


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/store/a b/model.skops", "/store/a b/model.skops"),
        ("file:///store/a%20b/model.skops", "/store/a b/model.skops"),
        ("file://localhost/store/m", "/store/m"),
        ("mlflow-artifacts:/1/models/m/artifacts/model.skops", None),
        ("runs:/abc/model", None),
        ("s3://bucket/m", None),
        ("file://elsewhere/m", None),
    ],
)
def test_local_addresses_are_told_from_others(uri, path):
    assert local_file(uri) == (Path(path) if path else None)
