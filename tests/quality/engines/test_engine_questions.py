from datetime import datetime

import pytest

from stageline.quality.engines.kinds import Column, Kind
from stageline.quality.engines.question import Question, put
from stageline.quality.engines.type_names import is_type
from stageline.spec.models import Expectation

COLUMNS = {
    name: Column(name, f"column_{place}", kind, type_)
    for place, (name, kind, type_) in enumerate(
        [
            ("flag", Kind.BOOLEAN, "BOOLEAN"),
            ("n", Kind.INTEGER, "BIGINT"),
            ("x", Kind.REAL, "DOUBLE"),
            ("price", Kind.DECIMAL, "DECIMAL(10,2)"),
            ("long", Kind.LONG_DECIMAL, "object"),
            ("text", Kind.TEXT, "VARCHAR"),
            ("day", Kind.DATE, "DATE"),
            ("at", Kind.TIME, "TIMESTAMP WITH TIME ZONE"),
            ("list", Kind.OTHER, "INTEGER[]"),
        ]
    )
}


def asked(kind, **arguments):
    return put(Expectation.model_construct(type=kind, **arguments), COLUMNS, "duckdb")


def error_of(kind, **arguments):
    answer = asked(kind, **arguments)
    assert not isinstance(answer, Question)
    return answer.error


def test_great_expectations_is_shown_neutral_names():
    question = asked("expect_compound_columns_to_be_unique", column_list=["text", "n"])

    assert question.arguments == {"column_list": ["column_5", "column_1"]}
    assert [column.name for column in question.columns] == ["text", "n"]
    assert asked("expect_column_to_exist", column="none").arguments["column"] == "absent_0"
    assert asked("expect_table_columns_to_match_set", column_set=["text", "u", "v", "u"]).arguments == {
        "column_set": ["column_5", "absent_0", "absent_1", "absent_0"]
    }


@pytest.mark.parametrize(
    ("kind", "arguments", "words"),
    [
        ("expect_column_values_to_not_be_null", {"column": "none"}, "the table has no column 'none'"),
        (
            "expect_column_pair_values_to_be_equal",
            {"column_A": "n", "column_B": "none"},
            "the table has no column 'none'",
        ),
        (
            "expect_column_mean_to_be_between",
            {"column": "text", "min_value": 0},
            "it judges booleans, whole numbers, real numbers, decimals, but 'text' holds texts",
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "flag", "min_value": 0},
            "it judges whole numbers, real numbers, decimals, dates, times, but 'flag' holds booleans",
        ),
        (
            "expect_column_values_to_match_regex",
            {"column": "x", "regex": "1"},
            "it judges whole numbers, texts, but 'x' holds real numbers",
        ),
        (
            "expect_column_values_to_be_unique",
            {"column": "list"},
            (
                "it judges booleans, whole numbers, real numbers, decimals, decimals of more than 15 digits, texts, "
                "dates, times, but 'list' holds values of another kind"
            ),
        ),
        (
            "expect_column_sum_to_be_between",
            {"column": "long", "min_value": 0},
            "it judges booleans, whole numbers, real numbers, decimals, but 'long' holds decimals of more than 15 digits",
        ),
        (
            "expect_column_pair_values_to_be_equal",
            {"column_A": "n", "column_B": "text"},
            "'n' holds whole numbers and 'text' texts, which cannot be compared",
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "n", "min_value": "2026-01-01"},
            "min_value '2026-01-01' cannot be compared with 'n', which holds whole numbers",
        ),
        (
            "expect_column_max_to_be_between",
            {"column": "day", "max_value": 7},
            "max_value 7 cannot be compared with 'day', which holds dates",
        ),
        (
            "expect_column_values_to_be_in_set",
            {"column": "n", "value_set": ["1", "2"]},
            "no value of value_set can equal one of 'n', which holds whole numbers",
        ),
        (
            "expect_column_pair_values_to_be_in_set",
            {"column_A": "n", "column_B": "text", "value_pairs_set": [["1", "a"], [1, 2]]},
            "no pair of value_pairs_set can equal one of 'n' (whole numbers) and 'text' (texts)",
        ),
    ],
)
def test_what_no_engine_could_judge_alike_is_an_error_in_plain_words(kind, arguments, words):
    assert error_of(kind, **arguments) == words


@pytest.mark.parametrize(
    ("column", "given", "typed"),
    [
        ("text", ["a", 1, "a", True], ["a"]),
        ("n", [1, 2.5, True, "3"], [1, 2.5]),
        ("flag", [0, True, 2, "true"], [False, True]),
        ("day", ["2026-01-31", "none", 7], [datetime(2026, 1, 31)]),  # noqa: DTZ001
        ("at", ["2026-01-31T10:00:00+02:00"], [datetime(2026, 1, 31, 8)]),  # noqa: DTZ001
    ],
)
def test_values_are_of_the_columns_kind(column, given, typed):
    question = asked("expect_column_values_to_be_in_set", column=column, value_set=given)

    assert question.arguments["value_set"] == typed
    assert [type(value) for value in question.arguments["value_set"]] == [type(value) for value in typed]


def test_counts_and_shares_have_numbers_for_limits_whatever_they_count():
    for kind in (
        "expect_column_unique_value_count_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_proportion_of_non_null_values_to_be_between",
    ):
        assert asked(kind, column="at", min_value=0, max_value=1).arguments["max_value"] == 1
    assert asked("expect_column_value_lengths_to_be_between", column="text", max_value=3).arguments["max_value"] == 3


@pytest.mark.parametrize(
    ("column", "names", "others"),
    [
        ("flag", ["BOOLEAN", "bool", "BooleanType"], ["int64", "object"]),
        ("n", ["bigint", "int64", "LongType", "int"], ["int32", "float64", "INTEGER"]),
        ("x", ["double", "float64", "DOUBLE PRECISION", "DoubleType", "float"], ["float32", "int64"]),
        ("price", ["DECIMAL(10,2)", "decimal", "NUMERIC", "DecimalType"], ["DECIMAL(9,2)", "float64"]),
        ("text", ["varchar", "str", "object", "TEXT", "StringType", "string"], ["int64", "char(3)"]),
        ("day", ["date", "DateType"], ["datetime64[ns]", "timestamp"]),
        ("at", ["timestamp with time zone", "timestamp", "datetime64[ns]", "TimestampType"], ["date"]),
        ("list", ["INTEGER[]"], ["INTEGER", "list", ""]),
    ],
)
def test_a_types_names(column, names, others):
    assert [is_type(COLUMNS[column], name) for name in names] == [True] * len(names)
    assert [is_type(COLUMNS[column], name) for name in others] == [False] * len(others)
    answer = asked("expect_column_values_to_be_in_type_list", column=column, type_list=[*others, names[0]])
    assert (answer.success, answer.result) == (True, {"observed_value": COLUMNS[column].type})
