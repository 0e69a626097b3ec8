"""What the commands about expectations and about rows put aside show and do."""

import getpass
import re
from types import SimpleNamespace

import pytest
from cli_process import call
from operator_fixtures import execute, mlflow_database, stores  # noqa: F401 - fixtures
from small_project import ROWS, write_spec
from typer.testing import CliRunner

from stageline.tables import QuarantineStore

# ruff: noqa: F811 - pytest finds the fixtures by these names

SOURCE = "{uri: data/small.csv, private: [email]}"
BAD = {3: "5000,red,9,dana@example.com", 4: "inf,red,12,kim@example.com", 5: "-1,[blue],,\x1b[31m@example.com"}
RAGGED = "1,red,dana@example.com"


@pytest.fixture
def project(stores, execute):
    """Run the step `quality` once over three bad rows and a ragged line."""
    from stageline.operators import DataQualityOperator

    write_spec(stores.project, source=SOURCE, quality_gate="{max_quarantined: 0.1}", features="{exclude: [email]}")
    lines = [f"{row + 0.5},red,{row * 7919 % 331},{row}@example.com" for row in range(ROWS)]
    for row, line in BAD.items():
        lines[row] = line
    text = "\n".join(["x,colour,y,email", *lines, RAGGED])
    (stores.project / "data/small.csv").write_text(f"{text}\n", encoding="utf-8")
    execute(DataQualityOperator(task_id="quality", pipeline="small", mode="enabled"))
    return stores.project


@pytest.fixture
def stageline(stores, monkeypatch):
    """Return a function that runs a command in this process."""
    # The command sets it; it ends with the test.
    monkeypatch.setenv("AIRFLOW__STAGELINE__PIPELINES_FOLDER", "")

    def run(*arguments):
        from stageline.cli.app import app

        done = CliRunner().invoke(app, [*arguments, "--project", str(stores.project)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return SimpleNamespace(code=done.exit_code, out=done.stdout, err=done.stderr)

    return run


def ids(stores, name="small"):
    """Return the ids of what was put aside, by row or line."""
    found = QuarantineStore(stores.home / "tables" / name / "quarantine").listing()
    return {row.position if row.line is None else f"line {row.line}": row.id for row in found}


class TestListing:
    def test_a_row_a_line(self, project, stores, stageline):
        done = stageline("quarantine", "small")

        assert (done.code, done.err) == (0, "")
        *rows, last = done.out.splitlines()
        assert last == "4 rows in quarantine"
        known = ids(stores)
        moment = r"1 run, last \d{4}-\d\d-\d\d \d\d:\d\d$"
        for place, where, reason in (
            (3, "row 4", "x is outside 0 to 1000"),
            (4, "row 5", "x is infinite"),
            (5, "row 6", "x is outside 0 to 1000"),
            ("line 202", "line 202", "has 3 values instead of 4"),
        ):
            (line,) = [line for line in rows if line.startswith(known[place])]
            assert re.fullmatch(rf"{known[place]}  data/small\.csv {where}  {reason}  {moment}", line)

    def test_in_a_process_of_its_own(self, project, stores):
        done = call(
            project, "quarantine", "small",
            AIRFLOW__STAGELINE__HOME=str(stores.home), AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI="sqlite://",
        )  # fmt: skip
        assert (done.code, done.err) == (0, "")
        assert done.out.endswith("4 rows in quarantine\n")

    def test_a_limit(self, project, stageline):
        done = stageline("quarantine", "small", "--limit", "1")
        assert len(done.out.splitlines()) == 2
        assert done.out.endswith("4 rows in quarantine, the 1 last seen shown\n")

    def test_of_a_pipeline_that_put_nothing_aside(self, stores, execute, stageline):
        from stageline.operators import DataQualityOperator

        execute(DataQualityOperator)
        assert stageline("quarantine", "small").out == "0 rows in quarantine\n"

    @pytest.mark.parametrize("ran", [True, False])
    def test_of_an_unknown_pipeline(self, request, stageline, ran):
        if ran:
            request.getfixturevalue("project")
        done = stageline("quarantine", "smal")
        assert done.code == 1
        known = "small" if ran else "none yet"
        assert done.err == f"error: the ledger knows no run of 'smal'; it knows: {known}\n"


class TestShowing:
    def test_a_row_with_its_values_but_the_private_ones(self, project, stores, stageline):
        done = stageline("quarantine", "small", "--show", ids(stores)[3][:8], "--show", ids(stores)[5])

        assert done.code == 0
        assert done.out.splitlines() == [
            f"{ids(stores)[3]}  x is outside 0 to 1000",
            "  x                    '5000'",
            "  colour               'red'",
            "  y                    '9'",
            "  email                private",
            f"{ids(stores)[5]}  x is outside 0 to 1000",
            "  x                    '-1'",
            "  colour               '[blue]'",
            "  y                    null",
            "  email                private",
        ]

    def test_a_line_may_hold_a_private_value_anywhere(self, project, stores, stageline):
        done = stageline("quarantine", "small", "--show", ids(stores)["line 202"])
        assert done.out.splitlines()[1:] == ["  line                 private"]

    def test_a_line_where_nothing_is_private(self, project, stores, execute, stageline):
        from stageline.operators import DataQualityOperator

        write_spec(project, features="{exclude: [email]}")
        execute(DataQualityOperator, run_id="run-2")
        done = stageline("quarantine", "small", "--show", ids(stores)["line 202"])
        assert done.out.splitlines()[1:] == [f"  line                 '{RAGGED}'"]

    def test_a_column_stays_private_that_was_when_the_row_was_put_aside(self, project, stores, stageline):
        write_spec(project, source="{uri: data/small.csv}")
        assert "dana@" not in stageline("quarantine", "small", "--show", ids(stores)[3]).out

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [("0123456789ab", r"no row in the quarantine .* has the id '0123456789ab'"), ("012", "id '012' is too short")],
    )
    @pytest.mark.parametrize("option", ["--show", "--release"])
    def test_an_unknown_id(self, project, stageline, option, given, sentence):
        done = stageline("quarantine", "small", option, given)
        assert done.code == 1
        assert re.match(f"error: {sentence}", done.err)


class TestRelease:
    def test_the_next_run_takes_it(self, project, stores, execute, stageline):
        from stageline.operators import DataQualityOperator

        released = ids(stores)[3]
        done = stageline("quarantine", "small", "--release", released[:8])

        assert (done.code, done.err) == (0, "")
        assert done.out == (
            f"{getpass.getuser()} let in 1 quarantined row: {released}; recorded as #2. The next run takes them.\n"
        )
        listed = stageline("quarantine", "small").out
        assert re.search(rf"^{released}  let in  data/small\.csv row 4", listed, re.MULTILINE)
        assert listed.count("let in") == 1
        execute(DataQualityOperator(task_id="quality", pipeline="small", mode="enabled"), run_id="run-2")
        assert stores.records("quality")[-1].evidence["evidence"]["quarantine"]["readmitted"] == 1

    def test_twice_is_once(self, project, stores, stageline):
        first, second = (stageline("quarantine", "small", "--release", ids(stores)[3]).out for _ in range(2))
        assert first == second
        assert len(stores.records("quarantine_release")) == 1

    def test_what_cannot_come_back_is_told_at_once_and_nothing_is_released(self, project, stores, stageline):
        known = ids(stores)
        done = stageline(
            "quarantine", "small", *(part for place in (3, 4, "line 202") for part in ("--release", known[place]))
        )

        assert (done.code, done.out) == (1, "")
        assert done.err == (
            f"error: row {known[4]!r} cannot be let in: column 'x' is infinite; mend it in the source; "
            f"row {known['line 202']!r} cannot be let in: line 202 has 3 values instead of 4, so it is no row; "
            "mend the line in the source\n"
        )
        assert stores.records("quarantine_release") == []

    def test_to_show_and_to_release_are_two_things(self, project, stores, stageline):
        done = stageline("quarantine", "small", "--show", ids(stores)[3], "--release", ids(stores)[3])
        assert done.code == 1
        assert "--show and --release" in done.err
        assert stores.records("quarantine_release") == []

    def test_a_user_without_a_name(self, project, stores, stageline, monkeypatch):
        def nameless():
            raise KeyError("getpwuid(): uid not found: 1000")

        monkeypatch.setattr(getpass, "getuser", nameless)
        assert re.match(r"user \d+ let in 1 ", stageline("quarantine", "small", "--release", ids(stores)[3]).out)


class TestTableOfItsOwn:
    @pytest.fixture
    def riders(self, project, stores, execute):
        from stageline.operators import DataQualityOperator

        execute(
            DataQualityOperator(
                task_id="riders", table="data/riders.csv", record_as="riders", private=["email"], mode="dry_run",
                expectations=[{"type": "expect_column_values_to_not_be_null", "column": "name"}],
            )
        )  # fmt: skip
        return ids(stores, "riders")

    @pytest.fixture(autouse=True)
    def _data(self, stores):
        text = "name,email\nDana,dana@example.com\n,kim@example.com\n"
        (stores.project / "data/riders.csv").write_text(text, encoding="utf-8")

    def test_its_private_columns_stay_so(self, riders, stageline):
        assert "data/riders.csv row 2  name is null" in stageline("quarantine", "riders").out
        shown = stageline("quarantine", "riders", "--show", riders[1]).out
        assert shown.splitlines()[1:] == ["  name                 null", "  email                private"]

    def test_nobody_takes_its_rows_in_again(self, riders, stores, stageline):
        done = stageline("quarantine", "riders", "--release", riders[1])
        assert done.code == 1
        assert done.err == (
            "error: 'riders' is no pipeline of this project: only a pipeline's runs take rows in again\n"
        )


class TestPropose:
    def test_a_section_to_paste(self, stores, stageline):
        done = stageline("quality", "propose", "small")

        assert (done.code, done.err) == (0, "")
        assert "\nquality:\n" in f"\n{done.out}"
        assert re.search(
            r"^  # .*\n  - \{type: expect_column_values_to_be_in_set, column: colour", done.out, re.MULTILINE
        )

    def test_what_would_change(self, stores, stageline):
        done = stageline("quality", "propose", "small", "--refresh")
        assert done.code == 0
        assert "+++ quality, as the data propose it" in done.out
        assert re.search(r"^\+  - \{type: .*column: colour", done.out, re.MULTILINE)

    def test_nothing_would_change(self, stores, stageline):
        spec = stores.project / "config/pipelines/small.yaml"
        section = stageline("quality", "propose", "small").out.partition("quality:\n")[2]
        kept = [line for line in spec.read_text("utf-8").splitlines() if not line.startswith(("quality:", "  - "))]
        spec.write_text("\n".join([*kept, "quality:", section]), encoding="utf-8")

        done = stageline("quality", "propose", "small", "--refresh")

        assert done.out.endswith("the present suite is what the data propose\n")

    def test_of_an_unknown_pipeline(self, stores, stageline):
        done = stageline("quality", "propose", "smal")
        assert done.code == 1
        assert "did you mean 'small'?" in done.err

    def test_of_data_that_are_not_there(self, stores, stageline):
        (stores.project / "data/small.csv").unlink()
        done = stageline("quality", "propose", "small")
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("error: 'data/small.csv': there is no such file")


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        (("quarantine",), r"stageline quarantine \[OPTIONS\]"),
        (("quality", "propose"), r"stageline quality propose \[OPTIONS\]"),
    ],
)
def test_each_command_explains_itself(tmp_path, arguments, usage):
    shown = call(tmp_path, *arguments, "--help")
    assert shown.code == 0
    assert re.search(f"Usage: {usage}", shown.out)
    assert "Root folder of the project." in shown.out
