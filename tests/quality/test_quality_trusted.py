import pandas as pd
import pyarrow as pa
import pytest

from stageline.quality import check_quality, failed_by_rows, trusted_expectation
from stageline.quality.engines import open_arrow, open_frame
from stageline.spec.models import Expectation
from stageline.verdicts import Mode

TABLE = {"hum": [0.1, 2.0, 0.3, None], "stops": [1, 5, 9, 4], "town": ["x", "y", "z", "z"]}
BETWEEN = "expect_column_values_to_be_between"
QUERY = "unexpected_rows_expectation"


def opened(engine):
    return open_frame(pd.DataFrame(TABLE)) if engine == "pandas" else open_arrow(pa.table(TABLE))


def judged(engine, *expectations, private=()):
    with opened(engine) as table:
        report = check_quality(table, expectations, mode=Mode.ENABLED, private=private)
    return report.checks


def only(engine, expectation, **known):
    (check,) = judged(engine, expectation, **known)
    return check


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
class TestRowCondition:
    def test_only_the_rows_it_holds_for_are_judged(self, engine):
        expectation = trusted_expectation(
            BETWEEN,
            column="stops", max_value=4, row_condition='col("hum") > 1', condition_parser="great_expectations",
        )  # fmt: skip
        check = only(engine, expectation)
        assert check.message == "stops: 1 of 1 values (100 %) is above 4, e.g. 5; allowed at most 0 %"

    def test_rows_it_does_not_hold_for_do_not_fail(self, engine):
        expectation = trusted_expectation(
            BETWEEN,
            column="stops", max_value=4, row_condition='col("town") == "x"', condition_parser="great_expectations",
        )  # fmt: skip
        check = only(engine, expectation)
        assert (check.verdict, check.message) == ("passed", "stops: none of 1 values is above 4")

    def test_the_rows_that_fail_are_those_it_holds_for(self, engine):
        expectation = trusted_expectation(
            BETWEEN,
            column="stops", max_value=4, row_condition='col("town") != "z"', condition_parser="great_expectations",
        )  # fmt: skip
        with opened(engine) as table:
            report = check_quality(table, [expectation], mode=Mode.ENABLED)
            failing = table.failing_rows(list(failed_by_rows(report, [expectation]).values()))
        assert failing.positions.tolist() == [1]


def test_a_condition_of_pandas_own_language():
    expectation = trusted_expectation(
        BETWEEN, column="stops", max_value=4, row_condition="hum > 1 and town == 'y'", condition_parser="pandas"
    )
    check = only("pandas", expectation)
    assert check.message == "stops: 1 of 1 values (100 %) is above 4, e.g. 5; allowed at most 0 %"


class TestQuery:
    def test_a_query_that_finds_rows_fails(self):
        expectation = trusted_expectation(QUERY, unexpected_rows_query="SELECT * FROM {batch} WHERE hum > 1")
        check = only("duckdb", expectation)
        assert (check.code, check.verdict, check.severity) == ("SL-Q001", "failed", "critical")
        assert "found '1 unexpected row'" in check.message

    def test_a_query_that_finds_none_passes(self):
        expectation = trusted_expectation(QUERY, unexpected_rows_query="SELECT * FROM {batch} WHERE hum > 5")
        assert only("duckdb", expectation).verdict == "passed"

    def test_what_it_reads_of_a_private_column_is_not_shown(self):
        query = "SELECT * FROM {batch} WHERE CAST(town AS INTEGER) > 1"
        check = only("duckdb", trusted_expectation(QUERY, unexpected_rows_query=query), private=["town"])
        assert check.verdict == "errored"
        assert check.message.endswith("no value is shown: the column is private")

    def test_a_query_can_neither_write_nor_read_a_file(self, tmp_path):
        (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
        queries = [
            f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')",
            f"SELECT * FROM {{batch}}) AS x; COPY (SELECT 1) TO '{tmp_path / 'written.csv'}'; --",
        ]
        for query in queries:
            assert only("duckdb", trusted_expectation(QUERY, unexpected_rows_query=query)).verdict == "errored"
        assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]

    def test_it_is_no_judgement_of_single_rows(self):
        expectation = trusted_expectation(QUERY, unexpected_rows_query="SELECT * FROM {batch} WHERE hum > 1")
        with opened("duckdb") as table:
            report = check_quality(table, [expectation], mode=Mode.ENABLED)
        assert failed_by_rows(report, [expectation]) == {}


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_what_great_expectations_does_not_know_is_an_error_not_a_pass(engine):
    check = only(engine, trusted_expectation("expect_wonders", column="stops"))
    assert (check.code, check.verdict) == ("SL-Q005", "errored")
    assert "expect_wonders not found" in check.message


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
def test_a_column_that_is_not_there_is_named(engine):
    check = only(engine, trusted_expectation(BETWEEN, column="hmu", max_value=1))
    assert (check.code, check.message) == ("SL-Q001", "hmu: the table has no such column; did you mean hum?")


def test_what_is_trusted_says_what_a_spec_says():
    said = Expectation.model_validate({"type": BETWEEN, "column": "hum", "max_value": 1, "severity": "warning"})
    assert trusted_expectation(BETWEEN, severity="warning", column="hum", max_value=1) == said
    assert trusted_expectation(BETWEEN, column="hum").severity == "critical"


def test_an_unknown_severity_is_refused():
    with pytest.raises(ValueError, match="'fatal' is not a valid Severity"):
        trusted_expectation(BETWEEN, severity="fatal", column="hum")


def test_a_warning_that_raises_still_counts():
    warning = trusted_expectation("expect_wonders", severity="warning", column="stops")
    (check,) = judged("duckdb", warning)
    assert check.effect == "errored"
