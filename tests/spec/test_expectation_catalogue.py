import json

import pytest

from stageline.spec import Expectation
from stageline.spec.expectations import CATALOGUE, REFUSED, build_catalogue, catalogue, check_expectation

# Great Expectations itself imports modules of the standard library that are on their way out.
imports_great_expectations = pytest.mark.filterwarnings(r"ignore:module 'sre_\w+' is deprecated:DeprecationWarning")


@imports_great_expectations
def test_the_pinned_catalogue_is_the_installed_librarys():
    pinned = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    assert pinned == build_catalogue(), "run python -m stageline.spec.expectations and look at the difference"


@imports_great_expectations
def test_every_catalogued_expectation_is_registered_under_its_name():
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    registered = set(list_registered_expectation_implementations())
    assert catalogue().keys() | REFUSED.keys() <= registered
    assert not catalogue().keys() & REFUSED.keys()


@pytest.mark.parametrize(
    ("type_", "arguments"),
    [
        ("expect_column_values_to_be_between", {"column": "hum", "min_value": 0, "mostly": 0.9}),
        (
            "expect_column_values_to_be_between",
            {"column": "day", "min_value": "2026-01-01", "max_value": "2026-12-31"},
        ),
        (
            "expect_column_values_to_be_in_set",
            {"column": "season", "value_set": [1, 2, 3, 4], "description": "four"},
        ),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "^[a-z]+$"}),
        (
            "expect_column_pair_values_to_be_equal",
            {"column_A": "a", "column_B": "b", "ignore_row_if": "neither"},
        ),
        ("expect_compound_columns_to_be_unique", {"column_list": ["a", "b"]}),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        (
            "expect_column_quantile_values_to_be_between",
            {"column": "a", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[0, 1]]}},
        ),
    ],
)
def test_accepted(type_, arguments):
    check_expectation(type_, arguments)
    assert Expectation(type=type_, **arguments).arguments == arguments


_BETWEEN = "expect_column_values_to_be_between"
_IN_SET = "expect_column_values_to_be_in_set"


@pytest.mark.parametrize(
    ("type_", "arguments", "says"),
    [
        (
            "expect_column_values_to_be_betwen",
            {},
            "type: unknown expectation .*; did you mean 'expect_column_values_to_be",
        ),
        ("Between", {}, "type: unknown expectation 'Between'"),
        ("unexpected_rows_expectation", {}, "free SQL; available from Python only"),
        ("expect_query_results_to_match_comparison", {}, "it reads outside the source"),
        ("expect_table_row_count_to_equal_other_table", {}, "it reads outside the source"),
        ("expect_column_values_to_match_like_pattern", {}, "only inside a database"),
        (_BETWEEN, {"min_value": 0}, "column: missing"),
        (_BETWEEN, {"column": " ", "min_value": 0}, "column: found blank text"),
        (_BETWEEN, {"column": 3, "min_value": 0}, "column: found the number 3, expected text"),
        (
            _BETWEEN,
            {"column": "a", "min_valu": 0},
            "min_valu: unknown argument of .*; did you mean 'min_value'?",
        ),
        (_BETWEEN, {"column": "a", "min_value": 2, "max_value": 1}, "min_value: 2 is above max_value = 1"),
        (
            _BETWEEN,
            {"column": "a", "min_value": "2026-02-01", "max_value": "2026-01-01"},
            "is above max_value",
        ),
        (
            _BETWEEN,
            {"column": "a", "min_value": "2026-02-01", "max_value": 1},
            "must both be numbers, or both dates",
        ),
        (
            _BETWEEN,
            {"column": "a", "min_value": "low"},
            "min_value: found the text 'low', expected a number or an ISO",
        ),
        (_BETWEEN, {"column": "a", "min_value": None}, "min_value: found nothing"),
        (_BETWEEN, {"column": "a", "min_value": True}, "min_value: found true"),
        (_BETWEEN, {"column": "a", "min_value": float("nan")}, "expected a finite number"),
        (_BETWEEN, {"column": "a"}, "no limit; write min_value or max_value"),
        (_BETWEEN, {"column": "a", "min_value": 0, "mostly": 1.5}, "mostly: found 1.5, expected at most 1"),
        (
            _BETWEEN,
            {"column": "a", "min_value": 0, "mostly": -0.1},
            "mostly: found -0.1, expected at least 0",
        ),
        (
            _BETWEEN,
            {"column": "a", "min_value": 0, "mostly": "all"},
            "mostly: found the text 'all', expected a number",
        ),
        (_BETWEEN, {"column": "a", "min_value": {"$PARAMETER": "x"}}, "min_value: found a mapping"),
        (
            _BETWEEN,
            {"column": "a", "min_value": 0, "row_condition": "x"},
            "row_condition: .* available from Python only",
        ),
        (
            _BETWEEN,
            {"column": "a", "min_value": 0, "condition_parser": "pandas"},
            "condition_parser: not accepted; leave it out$",
        ),
        (_BETWEEN, {"column": "a", "min_value": 0, "meta": {}}, "meta: not accepted; leave it out$"),
        (_IN_SET, {"column": "a"}, "value_set: missing"),
        (_IN_SET, {"column": "a", "value_set": "x"}, "value_set: found the text 'x', expected a list"),
        (
            _IN_SET,
            {"column": "a", "value_set": []},
            "value_set: found a list of 0, expected one or more entries",
        ),
        (_IN_SET, {"column": "a", "value_set": [{"$PARAMETER": "x"}]}, r"begins with \$"),
        ("expect_column_values_to_match_regex", {"column": "a"}, "regex: missing"),
        (
            "expect_column_values_to_match_regex",
            {"column": "a", "regex": "("},
            "regex: .* is not a regular expression",
        ),
        (
            "expect_column_values_to_match_regex_list",
            {"column": "a", "regex_list": ["a", "("]},
            "regex_list: 1: ",
        ),
        (
            "expect_column_values_to_match_json_schema",
            {"column": "a", "json_schema": {"x": {"$ref": "http://x"}}},
            r"\$",
        ),
        (
            "expect_compound_columns_to_be_unique",
            {"column_list": ["a", ""]},
            "column_list: 1: found blank text",
        ),
        ("expect_table_columns_to_match_set", {}, "column_set: missing"),
        (
            "expect_column_pair_values_to_be_in_set",
            {"column_A": "a", "column_B": "b", "value_pairs_set": [[1]]},
            "2 entr",
        ),
        (
            "expect_column_pair_values_to_be_equal",
            {"column_A": "a", "column_B": "b", "ignore_row_if": "never"},
            "ignore_row_if: found 'never', allowed: both_values_are_missing, either_value_is",
        ),
        (
            "expect_column_quantile_values_to_be_between",
            {"column": "a", "quantile_ranges": {}},
            "quantiles: missing",
        ),
        ("expect_column_kl_divergence_to_be_less_than", {"column": "a"}, "threshold: missing"),
    ],
)
def test_refused(type_, arguments, says):
    with pytest.raises(ValueError, match=says):
        check_expectation(type_, arguments)


def test_a_pattern_over_several_lines_stays_one_error_line(refusal, pilot):
    written = "expect_column_values_to_be_between, column: hum, min_value: 0, max_value: 1"
    broken = 'expect_column_values_to_match_regex, column: hum, regex: "a\\n("'
    (said,) = refusal(pilot.replace(written, broken))
    assert said.startswith("bike_demand.yaml:8: quality.0.regex: ")
    assert "is not a regular expression" in said


def test_in_a_file_the_arguments_key_is_named(refusal, pilot):
    text = pilot.replace("min_value: 0, max_value: 1", "min_value: 2, max_value: 1, colum: hum, row_condition: 'x>1'")
    assert refusal(text) == [
        f"bike_demand.yaml:8: quality.0.colum: unknown argument of {_BETWEEN}; did you mean 'column'?",
        "bike_demand.yaml:8: quality.0.min_value: 2 is above max_value = 1",
        "bike_demand.yaml:8: quality.0.row_condition: not accepted in YAML; available from Python only",
    ]
