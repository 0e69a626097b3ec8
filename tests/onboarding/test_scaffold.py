import csv
import os
from pathlib import Path

import pytest

from stageline.exceptions import DataError, ScaffoldError, SourceError, SpecError
from stageline.onboarding import data_place, init_pipeline, lay_down, place_data
from stageline.onboarding.all_or_nothing import write_all
from stageline.spec import load_pipeline
from stageline.spec.schema import write_schema
from stageline.tables import read_source


def write_rows(path, rows=40, step=7):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "x", "y"])
        writer.writerows([row, row * step % 11, row * row % 13 + 0.5] for row in range(rows))
    return path


def everything_below(folder):
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def outside(tmp_path):
    return write_rows(tmp_path / "elsewhere" / "rides.csv")


@pytest.fixture
def project(tmp_path):
    return tmp_path / "project"


def test_a_new_project_has_all_it_needs(project, outside):
    result = init_pipeline(project, "rides", str(outside), "y")
    written = sorted(path.relative_to(project).as_posix() for path in result.written)
    assert written == [
        ".gitignore",
        "config/pipeline.schema.json",
        "config/pipelines/rides.yaml",
        "dags/stageline_dags.py",
        "data/rides.csv",
    ]
    assert set(written) == {path.relative_to(project).as_posix() for path in project.rglob("*") if path.is_file()}
    loaded = load_pipeline("rides", project / "config" / "pipelines")
    assert (loaded.spec.source.uri, result.uri) == ("data/rides.csv", "data/rides.csv")
    assert result.spec_path == loaded.path
    assert read_source(result.uri, project).table.num_rows == 40
    assert (project / ".gitignore").read_text() == ".airflow/\n"


def test_the_dag_file_is_found_by_airflow_and_is_python(project, outside):
    init_pipeline(project, "rides", outside, "y")
    text = (project / "dags" / "stageline_dags.py").read_text()
    assert "airflow" in text.lower()
    assert "dag" in text
    assert "load_dags(__file__)" in text
    compile(text, "stageline_dags.py", "exec")


def test_the_schema_is_the_one_of_this_version(project, outside, tmp_path):
    init_pipeline(project, "rides", outside, "y")
    write_schema(tmp_path / "schema.json")
    assert (project / "config" / "pipeline.schema.json").read_bytes() == (tmp_path / "schema.json").read_bytes()


def test_new_files_have_the_usual_permissions(project, outside, tmp_path):
    (tmp_path / "usual").touch()
    for path in init_pipeline(project, "rides", outside, "y").written:
        assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode
        assert path.stat().st_nlink == 1


def test_a_second_pipeline_adds_only_its_spec(project, outside):
    init_pipeline(project, "rides", outside, "y")
    (project / ".gitignore").write_text("mine\n")
    (project / "dags" / "stageline_dags.py").write_text("# mine\n")
    result = init_pipeline(project, "again", project / "data" / "rides.csv", "y")
    assert result.written == (project / "config" / "pipelines" / "again.yaml",)
    assert (project / ".gitignore").read_text() == "mine\n"


def test_a_data_set_of_scikit_learn_is_not_copied(project):
    result = init_pipeline(project, "flowers", "sklearn://iris", "target")
    assert result.uri == "sklearn://iris"
    assert not (project / "data").exists()


def test_an_existing_spec_is_never_overwritten(project, outside):
    init_pipeline(project, "rides", outside, "y")
    before = everything_below(project)
    with pytest.raises(ScaffoldError, match=r"rides\.yaml' exists already; choose another name"):
        init_pipeline(project, "rides", outside, "x")
    with pytest.raises(ScaffoldError, match="exists already"):
        lay_down(project, "rides", "other", data=None)
    assert everything_below(project) == before


@pytest.mark.parametrize(
    ("name", "suggested"),
    [
        ("Bike Demand", "bike_demand"),
        ("2fast", "fast"),
        ("", "my_pipeline"),
        ("a/../b", "a_b"),
        ("x" * 80, "x" * 63),
    ],
)
def test_a_bad_name_gets_a_suggestion(project, outside, name, suggested):
    with pytest.raises(SpecError, match=f"try '{suggested}'"):
        init_pipeline(project, name, outside, "y")
    assert not project.exists()


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        (None, SourceError, "does not exist"),
        ("", SourceError, "0 bytes"),
        ("id,x,y\n", SourceError, "but no rows"),
        ("id,x,y\n" + "1,2,3\n" * 40, DataError, "'y' is constant"),
        ("id,x,z\n" + "1,2,3\n" * 40, DataError, "target 'y' is not a column"),
        ("id,x,y\n1,2\n", SourceError, "ragged"),
    ],
)
def test_bad_data_are_refused_before_anything_is_written(project, tmp_path, content, error, said):
    file = tmp_path / "bad.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(error, match=said):
        init_pipeline(project, "bad", file, "y")
    assert not project.exists()


def test_a_file_inside_the_project_stays_where_it_is(project):
    file = write_rows(project / "raw" / "deep" / "rides.csv")
    assert place_data(project, file) == "raw/deep/rides.csv"
    assert not (project / "data").exists()


@pytest.mark.parametrize("name", ["a:b.csv", "~x.csv", "two words.csv", "größe.csv", "it's #1.csv"])
def test_odd_file_names_still_load(project, name):
    file = write_rows(project / name)
    result = init_pipeline(project, "odd", file, "y")
    assert load_pipeline("odd", project / "config" / "pipelines").spec.source.uri == result.uri
    assert read_source(result.uri, project).table.num_rows == 40


def test_a_name_that_cannot_stand_in_a_spec_is_refused(project, tmp_path):
    with pytest.raises(SourceError, match="rename or move the file"):
        init_pipeline(project, "odd", write_rows(tmp_path / "new\nline.csv"), "y")
    assert not project.exists()


def test_a_file_outside_is_copied_once_and_reused(project, outside):
    assert place_data(project, outside) == "data/rides.csv"
    assert place_data(project, outside) == "data/rides.csv"
    assert (project / "data" / "rides.csv").read_bytes() == outside.read_bytes()
    assert [path.name for path in (project / "data").iterdir()] == ["rides.csv"]


def test_another_file_of_that_name_is_never_overwritten(project, outside):
    mine = write_rows(project / "data" / "rides.csv", step=3)
    before = mine.read_bytes()
    with pytest.raises(ScaffoldError, match=r"'data/rides\.csv' exists already and is not the same"):
        init_pipeline(project, "rides", outside, "y")
    assert mine.read_bytes() == before
    assert not (project / "config").exists()


def test_a_link_out_of_the_project_is_not_taken_for_a_copy(project, outside):
    (project / "data").mkdir(parents=True)
    (project / "data" / "rides.csv").symlink_to(outside)
    with pytest.raises(SourceError, match="leaves the project"):
        place_data(project, outside)


def test_a_large_file_is_not_copied(project, outside, monkeypatch):
    monkeypatch.setattr(data_place, "MAX_COPIED_BYTES", 100)
    with pytest.raises(ScaffoldError, match="move it under"):
        init_pipeline(project, "rides", outside, "y")
    assert not project.exists()


def test_data_that_change_between_reading_and_copying_leave_nothing(project, outside):
    with pytest.raises(ScaffoldError, match="changed while it was read"):
        lay_down(project, "rides", "pipeline: rides\n", data=outside, data_digest="sha256:0")
    assert not project.exists()


def test_a_file_in_the_way_of_a_folder_leaves_nothing(project, outside):
    project.mkdir()
    (project / "dags").write_text("not a folder")
    before = everything_below(project)
    with pytest.raises(ScaffoldError, match="cannot be written"):
        init_pipeline(project, "rides", outside, "y")
    assert everything_below(project) == before


def test_a_file_that_appears_meanwhile_is_kept_and_the_rest_undone(project):
    late = project / "b" / "late.txt"

    def write_and_lose_the_race(path: Path) -> None:
        path.write_text("ours")
        late.write_text("theirs")

    with pytest.raises(ScaffoldError, match=r"late\.txt' exists already"):
        write_all(
            {
                project / "a" / "early.txt": lambda path: path.write_text("early"),
                late: write_and_lose_the_race,
            }
        )
    assert everything_below(project) == {Path("b"): None, Path("b/late.txt"): b"theirs"}


def test_without_hard_links_files_are_renamed_and_still_never_replaced(project, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    first = project / "a.txt"
    assert write_all({first: lambda path: path.write_text("one")}) == (first,)
    with pytest.raises(ScaffoldError, match="exists already"):
        write_all({first: lambda path: path.write_text("two")})
    assert everything_below(project) == {Path("a.txt"): b"one"}
