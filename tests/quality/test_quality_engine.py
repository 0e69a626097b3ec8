import logging
import subprocess
import sys

import pandas as pd
import pyarrow as pa
import pytest

from stageline.quality.engines import open_arrow, open_frame
from stageline.spec.models import Expectation

NOT_NULL = Expectation.model_validate({"type": "expect_column_values_to_not_be_null", "column": "a"})
UNEVALUABLE = Expectation.model_validate({"type": "expect_column_mean_to_be_between", "column": "text", "min_value": 0})
FRAME = pd.DataFrame({"a": [1, None], "text": ["x", "y"]})
OPENED = {"pandas": lambda: open_frame(FRAME), "duckdb": lambda: open_arrow(pa.Table.from_pandas(FRAME))}


@pytest.fixture(params=OPENED)
def table(request):
    with OPENED[request.param]() as opened:
        yield opened


@pytest.fixture(scope="module")
def gx():
    with open_frame(FRAME) as opened:  # its first import warns, and the package keeps that quiet
        opened.evaluate([NOT_NULL])
    import great_expectations

    return great_expectations


@pytest.fixture
def current(gx):
    from great_expectations.data_context.data_context.context_factory import project_manager

    project_manager.set_project(None)
    yield project_manager.get_current_project
    project_manager.set_project(None)


# Run where nothing was imported before; anything that looks up or opens a connection ends it.
ALONE = """
import pathlib
import sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        sys.__stdout__.write(f"network: {event} {arguments}")

sys.addaudithook(watch)
import stageline.quality
from stageline.quality.engines import open_arrow, open_file, open_frame
from stageline.spec.models import Expectation
from stageline.verdicts import Mode

heavy = {"duckdb", "great_expectations", "numpy", "pandas", "pyarrow", "pyspark", "sqlalchemy"} & set(sys.modules)
assert not heavy, heavy
import pandas
import pyarrow
from pyarrow import parquet

frame = pandas.DataFrame({"a": [1, None] * 50, "text": ["x", "y"] * 50})
rows = pyarrow.table({"a": [1, None] * 50, "text": ["x", "y"] * 50})
path = pathlib.Path(sys.argv[1], "rows.parquet")
parquet.write_table(rows, path)
asked = [
    {"type": "expect_column_values_to_not_be_null", "column": "a"},
    {"type": "expect_column_mean_to_be_between", "column": "text", "min_value": 0},
    {"type": "expect_column_values_to_be_json_parseable", "column": "text"},
    {"type": "expect_column_values_to_match_regex", "column": "text", "regex": "(?=x)"},
]
suite = [Expectation.model_validate(item) for item in asked]
for opened in (open_frame(frame), open_arrow(rows), open_file(path)):
    with opened as table:
        report = stageline.quality.check_quality(table, suite, mode=Mode.ENABLED)
        # The answers stay alive to the end of the process.
        failing = table.failing_rows(suite)
        print(table.name, [check.verdict.value for check in report.checks], failing.rows.num_rows)
with open_arrow(rows) as table:
    table.count_rows()
    raise SystemExit(3)
"""


def test_nothing_goes_over_the_network_and_nothing_is_printed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", ALONE, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    # Not even at the end, when the interpreter counts what was left behind.
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "pandas ['failed', 'errored', 'failed', 'failed'] 100",
        "duckdb ['failed', 'errored', 'failed', 'errored'] 100",
        "duckdb ['failed', 'errored', 'failed', 'errored'] 100",
    ]
    assert done.returncode == 3


def test_no_context_is_made_or_left_behind(gx, current, table, monkeypatch):
    monkeypatch.setattr(gx, "get_context", None)
    table.evaluate([NOT_NULL])

    with pytest.raises(gx.exceptions.DataContextRequiredError):
        current()


def test_a_callers_context_stays_current(gx, current, table):
    theirs = gx.get_context(mode="ephemeral")
    table.evaluate([NOT_NULL, UNEVALUABLE])

    assert current() is theirs


def test_logging_is_left_as_it_was(table):
    logger = logging.getLogger("great_expectations")
    logger.setLevel(logging.INFO)
    table.evaluate([UNEVALUABLE])

    assert logger.level == logging.INFO
    logger.setLevel(logging.NOTSET)


def test_outcomes_come_in_the_order_asked(table):
    outcomes = table.evaluate([UNEVALUABLE, NOT_NULL, UNEVALUABLE, NOT_NULL])

    assert [bool(outcome.error) for outcome in outcomes] == [True, False, True, False]
    assert table.evaluate([]) == []
    assert table.failing_rows([]).rows.num_rows == 0


def test_an_expectation_that_cannot_be_built_is_an_error_of_its_own(table):
    # A spec cannot say this; a caller from Python can.
    unknown = NOT_NULL.model_copy(update={"type": "expect_wonders"})
    wrong = Expectation.model_construct(type=NOT_NULL.type, column="a", mostly=7)
    outcomes = table.evaluate([unknown, wrong, NOT_NULL])

    assert "expect_wonders" in outcomes[0].error
    assert "mostly" in outcomes[1].error
    assert not outcomes[2].error
    assert table.failing_rows([unknown, wrong, NOT_NULL]).failed == ((2,),)


def test_an_expectation_that_fails_as_it_runs_takes_no_other_down(table):
    broken = Expectation.model_construct(type="expect_column_values_to_match_regex", column="text", regex="*")
    fine = Expectation.model_validate({"type": "expect_column_values_to_match_regex", "column": "text", "regex": "x"})
    outcomes = table.evaluate([NOT_NULL, broken, fine])

    assert [bool(outcome.error) for outcome in outcomes] == [False, True, False]
    assert "[SQL" not in outcomes[1].error
    assert table.failing_rows([NOT_NULL, broken, fine]).failed == ((0, 2),)
    assert table.failing_rows([broken]).failed == ()


def test_a_column_that_does_not_exist_is_named(table):
    absent = Expectation.model_validate({"type": "expect_column_values_to_not_be_null", "column": 'b"; DROP'})

    assert table.evaluate([absent])[0].error == "the table has no column 'b\"; DROP'"
