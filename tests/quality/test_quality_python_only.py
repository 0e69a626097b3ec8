"""What only a DAG's author may ask: of some rows, by a condition, and by a query."""

import pandas as pd
import pyarrow as pa
import pytest

from stageline.quality import check_quality, failed_by_rows
from stageline.quality.engines import open_arrow, open_frame
from stageline.quality.engines.validation import quiet_imports
from stageline.spec.models import Expectation
from stageline.verdicts import Mode

with quiet_imports():
    from great_expectations.expectations.row_conditions import Column

TABLE = {"hum": [0.1, 2.0, 0.3, None], "stops": [1, 5, 9, 4], "town": ["x", "y", "z", "z"]}
BETWEEN = {"type": "expect_column_values_to_be_between", "column": "stops", "max_value": 4}


def query(sql, **given):
    return Expectation.from_python(type="unexpected_rows_expectation", unexpected_rows_query=sql, **given)


def where(condition, **given):
    return Expectation.from_python(**{**BETWEEN, **given}, row_condition=condition)


def opened(engine, table=TABLE):
    return open_frame(pd.DataFrame(table)) if engine == "pandas" else open_arrow(pa.table(table))


def judged(engine, *expectations, private=(), table=TABLE):
    with opened(engine, table) as one:
        report = check_quality(one, expectations, mode=Mode.ENABLED, private=private)
    return report.checks


def only(engine, expectation, **known):
    (check,) = judged(engine, expectation, **known)
    return check


@pytest.mark.parametrize("engine", ["pandas", "duckdb"])
class TestRowCondition:
    @pytest.mark.parametrize(
        ("condition", "message"),
        [
            (Column("hum") > 1, "hum > 1: 1 of 1 values (100 %) is above 4, e.g. 5; allowed at most 0 %"),
            (Column("town") == "x", "town == 'x': none of 1 values is above 4"),
            (Column("town").is_in(["x", "z"]), "town in ('x', 'z'): 1 of 3 values (33.33 %) is above 4, e.g. 9; "
                                               "allowed at most 0 %"),
            (Column("hum").is_null(), "hum is null: none of 1 values is above 4"),
            # A null fulfils no comparison, in no engine.
            (Column("hum") != 0.1, "hum != 0.1: 2 of 2 values (100 %) are above 4, e.g. 5, 9; allowed at most 0 %"),
            (Column("hum").is_not_in([0.1]), "hum not in (0.1): 2 of 2 values (100 %) are above 4, e.g. 5, 9; "
                                             "allowed at most 0 %"),
            ((Column("hum") > 1) & (Column("town") == "y"), "hum > 1 and town == 'y': 1 of 1 values (100 %) is above "
                                                            "4, e.g. 5; allowed at most 0 %"),
            ((Column("hum") < 0.2) | (Column("town") == "z"), "hum < 0.2 or town == 'z': 1 of 3 values (33.33 %) is "
                                                              "above 4, e.g. 9; allowed at most 0 %"),
        ],
    )  # fmt: skip
    def test_only_the_rows_it_holds_for_are_judged(self, engine, condition, message):
        assert only(engine, where(condition)).message == f"stops where {message}"
        assert only(engine, where(condition.dict())).message == f"stops where {message}"

    def test_the_rows_that_fail_are_those_it_holds_for(self, engine):
        expectation = where(Column("town") != "z")
        with opened(engine) as table:
            report = check_quality(table, [expectation], mode=Mode.ENABLED)
            failed = failed_by_rows(report, [expectation])
            failing = table.failing_rows(list(failed.values()))
        assert failing.positions.tolist() == [1]
        assert list(failed) == ["expect_column_values_to_be_between(stops) where town != 'z'"]

    @pytest.mark.parametrize(
        "kind", ["expect_column_values_to_be_between", "expect_column_unique_value_count_to_be_between"]
    )
    def test_a_condition_that_chooses_no_row_is_inconclusive(self, engine, kind):
        check = only(engine, where(Column("town") == "elsewhere", type=kind))
        assert (check.code, check.verdict) == ("SL-Q003", "inconclusive")
        assert check.message == "stops where town == 'elsewhere': no row is chosen, so there is nothing to judge"

    def test_a_number_of_the_chosen_rows_is_computed_from_them(self, engine):
        check = only(engine, where(Column("town") == "z", type="expect_column_mean_to_be_between"))
        assert check.message == "stops where town == 'z': mean is 6.5, expected at most 4"
        assert check.n == 2

    def test_a_parameter_stays_a_value(self, engine):
        hostile = "z' or __import__('os').system('exit 3') or '"
        check = only(engine, where(Column("town") == hostile))
        assert check.verdict == "inconclusive"

    def test_times_are_compared_as_times(self, engine):
        table = {"at": pd.to_datetime(["2026-01-01", "2026-02-01"]), "stops": [9, 1]}
        check = only(engine, where(Column("at") >= "2026-02-01T00:00:00+00:00"), table=table)
        assert check.message.endswith("none of 1 values is above 4")

    @pytest.mark.parametrize(
        ("condition", "words"),
        [
            (Column("twon") == "x", "row_condition: the table has no column 'twon'"),
            (Column("hum") > "high", "row_condition: 'high' cannot be compared with 'hum', which holds real numbers"),
        ],
    )
    def test_one_that_cannot_be_judged_is_an_error(self, engine, condition, words):
        check = only(engine, where(condition, severity="warning"))
        assert (check.code, check.verdict, check.effect) == ("SL-Q005", "errored", "errored")
        assert words in check.message

    def test_rows_chosen_by_a_private_column_are_not_shown(self, engine):
        check = only(engine, where(Column("town") == "y"), private=["town"])
        assert check.verdict == "failed"
        assert "e.g." not in check.message
        assert check.details["examples"] == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"row_condition": "hum > 1"}, "row_condition: is the text 'hum > 1'; expected a condition of"),
        ({"row_condition": {"type": "pass_through", "pass_through_filter": "x"}}, "row_condition: is a mapping"),
        ({"row_condition": {"type": "and", "conditions": []}}, "row_condition.conditions: is an empty list"),
        ({"row_condition": {"type": "nullity", "column": {"name": "a"}}}, "is_null: is nothing"),
        ({"row_condition": {"type": "comparison", "column": "a", "operator": "~", "parameter": 1}},
         "row_condition.column: is the text 'a'; expected {'name': …}; row_condition.operator: is the text '~'"),
        ({"row_condition": (Column("a") == 1).dict(), "type": "expect_column_to_exist"}, "about no rows"),
        ({"condition_parser": "pandas"}, "condition_parser: not accepted; leave it out"),
        ({"type": "unexpected_rows_expectation"}, "unexpected_rows_query: is nothing (null); expected SQL"),
        ({"type": "unexpected_rows_expectation", "unexpected_rows_query": "SELECT 1"}, "selects from {batch}"),
        ({"type": "expect_query_results_to_match_comparison"}, "it reads outside the source"),
    ],
)  # fmt: skip
def test_what_even_python_may_not_ask(given, words):
    with pytest.raises(ValueError, match="row_condition|not accepted|batch|condition_parser|outside") as refused:
        Expectation.from_python(**{**BETWEEN, **given})
    assert words in str(refused.value)


class TestQuery:
    def test_a_query_that_finds_rows_fails(self):
        check = only("duckdb", query("SELECT *\n  FROM {batch} WHERE hum > 1"))
        assert (check.code, check.verdict, check.severity) == ("SL-Q001", "failed", "critical")
        assert check.message == "table: 1 row found by 'SELECT * FROM {batch} WHERE hum > 1', expected none"

    def test_a_query_that_finds_none_passes(self):
        check = only("duckdb", query("SELECT * FROM {batch} WHERE hum::DOUBLE > 5 OR town = ':x%s'"))
        assert (check.verdict, check.n) == ("passed", 4)
        assert check.message.startswith("table: no rows found by")

    def test_it_knows_columns_by_their_own_names(self):
        hostile = 'A"; DROP TABLE t; --'
        check = only(
            "duckdb", query('SELECT 1 FROM {batch} WHERE "A""; DROP TABLE t; --" > 1'), table={hostile: [1, 2]}
        )
        assert check.message.startswith("table: 1 row found by")

    def test_names_that_differ_in_case_alone_do_not_stop_other_checks(self):
        between = Expectation.model_validate({**BETWEEN, "column": "a"})
        checks = judged("duckdb", between, query("SELECT A FROM {batch} WHERE A > 1"), table={"A": [1], "a": [2]})
        assert [check.verdict for check in checks] == ["passed", "passed"]

    def test_what_it_reads_of_a_private_column_is_not_shown(self):
        check = only("duckdb", query("SELECT * FROM {batch} WHERE CAST(town AS INTEGER) > 1"), private=["town"])
        assert check.verdict == "errored"
        assert check.message.endswith("no value is shown: the column is private")

    def test_a_query_can_neither_write_nor_read_a_file(self, tmp_path):
        (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
        queries = [
            f"SELECT * FROM {{batch}}, read_csv('{tmp_path / 'secret.csv'}')",
            f"SELECT * FROM {{batch}}) AS x; COPY (SELECT 1) TO '{tmp_path / 'written.csv'}'; --",
        ]
        for sql in queries:
            assert only("duckdb", query(sql)).verdict == "errored"
        assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]

    def test_it_is_no_judgement_of_single_rows(self):
        expectation = query("SELECT * FROM {batch} WHERE hum > 1")
        with opened("duckdb") as table:
            report = check_quality(table, [expectation], mode=Mode.ENABLED)
        assert failed_by_rows(report, [expectation]) == {}

    def test_pandas_runs_no_query(self):
        check = only("pandas", query("SELECT * FROM {batch} WHERE hum > 1", severity="warning"))
        assert (check.code, check.effect) == ("SL-Q005", "errored")
        assert "a query cannot run in the engine pandas; use the engine duckdb" in check.message
