"""One line of the YAML changes, and no other byte of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import SpecError
from stageline.readiness.stage_line import replace_file, with_stage
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


class TestReplacing:
    def test_at_once_with_its_permissions(self, tmp_path):
        path = tmp_path / "small.yaml"
        path.write_bytes(b"old")
        path.chmod(0o640)
        replace_file(path, b"new", before=b"old")
        assert path.read_bytes() == b"new"
        assert path.stat().st_mode & 0o777 == 0o640
        assert [each.name for each in tmp_path.iterdir()] == ["small.yaml"]

    def test_through_a_link(self, tmp_path):
        (tmp_path / "real.yaml").write_bytes(b"old")
        (tmp_path / "small.yaml").symlink_to(tmp_path / "real.yaml")
        replace_file(tmp_path / "small.yaml", b"new", before=b"old")
        assert (tmp_path / "small.yaml").is_symlink()
        assert (tmp_path / "real.yaml").read_bytes() == b"new"

    def test_not_where_somebody_else_wrote_meanwhile(self, tmp_path):
        path = tmp_path / "small.yaml"
        path.write_bytes(b"theirs")
        with pytest.raises(SpecError, match="changed meanwhile"):
            replace_file(path, b"new", before=b"old")
        assert path.read_bytes() == b"theirs"
