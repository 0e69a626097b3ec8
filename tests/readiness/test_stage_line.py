"""One line of the YAML changes, and no other byte of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import SpecError
from stageline.readiness import stage_line
from stageline.readiness.stage_line import replacing, with_stage
from stageline.spec import Stage
from stageline.spec.strict_yaml import parse_yaml

FILE = """\
# a comment that says stage: poc
pipeline: small   # the name
description: "the stage: poc of this one"

stage: poc        # since June; see the wiki
owners: {business: dana}   # stage: none
"""


def changed(text, stage=Stage.PILOT):
    return with_stage(text.encode(), stage, file="small.yaml").decode()


def test_comments_spaces_and_everything_else_stay():
    assert changed(FILE) == FILE.replace("stage: poc        # since", "stage: pilot        # since")


@pytest.mark.parametrize(
    "written",
    ["stage: poc", "stage:   poc", "stage: 'poc'", 'stage: "poc"', "stage: poc # x", "'stage': poc", "stage: poc   "],
)
def test_however_it_is_written(written):
    assert (
        changed(f"pipeline: small\n{written}\nkpi: 1\n")
        == f"pipeline: small\n{written.replace('poc', 'pilot')}\nkpi: 1\n"
    )


@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_line_ends_stay(end):
    text = f"pipeline: small{end}stage: poc{end}kpi: 1{end}"
    assert changed(text) == text.replace("poc", "pilot")


def test_the_mark_that_some_editors_put_first_stays():
    assert (
        with_stage(b"\xef\xbb\xbfstage: poc\npipeline: small\n", Stage.PILOT, file="f")
        == b"\xef\xbb\xbfstage: pilot\npipeline: small\n"
    )


def test_characters_beyond_ascii_stay():
    text = "description: Fahrräder 🚲\nstage: poc\npipeline: small\n"
    assert changed(text) == text.replace("poc", "pilot")


def test_a_file_without_a_last_line_end():
    assert changed("pipeline: small\nstage: poc") == "pipeline: small\nstage: pilot"


@pytest.mark.parametrize(
    "text",
    [
        "{pipeline: small, stage: poc}\n", "pipeline: small\nstage:\n  poc\n", "pipeline: small\nstage: &s poc\nother: *s\n",
        "pipeline: small\nstage: >-\n  poc\n", "pipeline: small\n",
    ],
)  # fmt: skip
def test_what_would_take_more_than_one_line_is_left_to_a_person(text):
    with pytest.raises(SpecError, match=r"by hand|expected a mapping"):
        changed(text)


LINES = st.sampled_from(
    ["", "# stage: poc", "kpi_a: 'stage: poc'", "nested:\n  stage: poc", "list: [stage, poc]", "text: |\n  stage: poc"]
)


@given(st.lists(LINES, unique=True), st.lists(LINES, unique=True), st.sampled_from(list(Stage)))
def test_only_the_stage_of_the_top_changes(before, after, stage):
    after = [line for line in after if line not in before]
    text = "\n".join([*before, "stage: poc  # here", *after]) + "\n"
    made = changed(text, stage)
    assert made == "\n".join([*before, f"stage: {stage.value}  # here", *after]) + "\n"
    assert parse_yaml(made, file="f").value == {**parse_yaml(text, file="f").value, "stage": stage.value}


def replace(path, text, *, before):
    with replacing(path, text, before=before) as put:
        put()


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "small.yaml"
    made.write_bytes(b"old")
    return made


def names(path):
    return [each.name for each in path.parent.iterdir()]


class TestReplacing:
    def test_at_once_with_its_permissions(self, path):
        path.chmod(0o640)
        replace(path, b"new", before=b"old")
        assert path.read_bytes() == b"new"
        assert path.stat().st_mode & 0o777 == 0o640
        assert names(path) == ["small.yaml"]

    def test_through_a_link(self, tmp_path):
        (tmp_path / "real.yaml").write_bytes(b"old")
        (tmp_path / "small.yaml").symlink_to(tmp_path / "real.yaml")
        replace(tmp_path / "small.yaml", b"new", before=b"old")
        assert (tmp_path / "small.yaml").is_symlink()
        assert (tmp_path / "real.yaml").read_bytes() == b"new"

    def test_not_where_somebody_else_wrote_meanwhile(self, path):
        path.write_bytes(b"theirs")
        with pytest.raises(SpecError, match="changed meanwhile"):
            replace(path, b"new", before=b"old")
        assert path.read_bytes() == b"theirs"

    def test_not_where_somebody_else_wrote_at_the_last_moment(self, path):
        with replacing(path, b"new", before=b"old") as put:
            path.write_bytes(b"theirs")
            with pytest.raises(SpecError, match="changed meanwhile"):
                put()
        assert path.read_bytes() == b"theirs"
        assert names(path) == ["small.yaml"]

    def test_what_another_put_there_already_is_no_error(self, path):
        with replacing(path, b"new", before=b"old") as put:
            path.write_bytes(b"new")
            put()
        assert path.read_bytes() == b"new"

    def test_what_was_not_put_in_place_is_removed(self, path):
        with replacing(path, b"new", before=b"old"):
            assert len(names(path)) == 2
        assert names(path) == ["small.yaml"]
        assert path.read_bytes() == b"old"

    def test_a_full_disk_is_found_before_and_leaves_nothing(self, path, monkeypatch):
        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(stage_line.os, "fsync", full)
        with pytest.raises(SpecError, match="cannot be written: No space left on device"):
            replace(path, b"new", before=b"old")
        assert names(path) == ["small.yaml"]

    def test_a_read_only_file_is_left_alone(self, path):
        path.chmod(0o444)
        with pytest.raises(SpecError, match=r"is read-only \(mode 0444\)"):
            replace(path, b"new", before=b"old")
        assert path.read_bytes() == b"old"

    def test_hard_links_are_not_parted(self, path, tmp_path):
        (tmp_path / "other.yaml").hardlink_to(path)
        with pytest.raises(SpecError, match=r"has 2 names \(hard links\)"):
            replace(path, b"new", before=b"old")
        assert path.samefile(tmp_path / "other.yaml")

    def test_a_file_that_is_gone_is_said(self, path):
        path.unlink()
        with pytest.raises(SpecError, match="cannot be read: No such file"):
            stage_line.read_file(path)
