import pytest

from stageline.spec.source_path import check_source_uri, resolve_inside


@pytest.mark.parametrize(
    "uri", ["data/x.csv", "x.parquet", "data/../x.csv", "sklearn://wine", "demo://drifting", "a b.csv"]
)
def test_accepted_whether_or_not_it_exists(tmp_path, uri):
    check_source_uri(uri, tmp_path)


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("file:///etc/passwd", "the scheme 'file' is not accepted"),
        ("file:x.csv", "the scheme 'file' is not accepted"),
        ("http://169.254.169.254/latest", "the scheme 'http' is not accepted"),
        ("s3://bucket/key", "the scheme 's3' is not accepted"),
        ("C:\\data.csv", "the scheme 'C' is not accepted"),
        ("sklearn://", "names no data set"),
        ("sklearn:wine", "names no data set"),
        ("demo://../x", "names no data set"),
        ("..\\x.csv", "not a plain path"),
        ("a\0b", "not a plain path"),
        ("a" * 300 + "/../../x", "project folder"),
    ],
)
def test_refused(tmp_path, uri, says):
    with pytest.raises(ValueError, match=says):
        check_source_uri(uri, tmp_path)


def test_a_loop_of_links_is_no_crash(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    try:
        resolve_inside(tmp_path, "a/x.csv")  # from Python 3.13 on the loop shows when the file is read
    except ValueError as error:
        assert "cannot be followed" in str(error)  # noqa: PT017


def test_a_project_behind_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert resolve_inside(tmp_path / "link", "x.csv") == (tmp_path / "real" / "x.csv").resolve()
