"""One table that holds what engines disagree about, and a suite that asks all there is to ask about it."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa

from stageline.spec.models import Expectation

NUMBER = 'x"; DROP TABLE t; --'
TEXT = "<script>alert('1')</script>"
START = datetime(2026, 1, 1, 12, 30, 15, 123456)  # noqa: DTZ001 - without a zone on purpose


def expect(kind, **arguments):
    return Expectation.model_validate({"type": kind, **arguments})


TABLE = pa.table(
    {
        "id": pa.array(range(12), pa.int64()),
        NUMBER: pa.array([1.5, None, math.nan, -2.0, 1.5, 0.1, 7.25, 3.0, 0.0, -0.0, 2.5, 1e300], pa.float64()),
        TEXT: pa.array(
            [
                "plain", 'a "quoted" text', "it's", "<b onclick=alert(1)>", "'; DROP TABLE t; --", "naïve 🦆",
                "two\nlines", "", None, "plain", "tail\n", "١٢٣",
            ]
        ),
        "open": pa.array([1.0, math.inf, -math.inf, 2.0, None, 3.0, 3.0, 4.0, 5.0, 6.0, 7.0, math.inf], pa.float64()),
        "n": pa.array([1, 2, None, 2, 5, 100, 7, 8, 9, 10, 11, None], pa.int64()),
        "flag": pa.array([True, False, None, True, True, True, False, True, True, False, True, None], pa.bool_()),
        "day": pa.array([None if i == 3 else date(2026, 1, 1 + i % 7) for i in range(12)], pa.date32()),
        "at": pa.array([None if i == 4 else START + timedelta(hours=7 * i) for i in range(12)], pa.timestamp("us")),
        "zoned": pa.array(
            [None if i == 5 else datetime(2026, 3, 29, i, tzinfo=UTC) for i in range(12)], pa.timestamp("us", "UTC")
        ),
        "price": pa.array(
            [None if i == 6 else Decimal("1.10") * i for i in range(12)], pa.decimal128(10, 2)
        ),
        "json": pa.array(
            ['{"a": 1}', '{"a": "x"}', "{", "[1, 2]", None, "null", "NaN", '{"a": 2}', "1", '"t"', "{}", '{"a": 1}']
        ),
        "when": pa.array(
            [
                "2026-01-31", "2026-02-30", "31.01.2026", "noon", None, "2026-01-01", "2026-1-1", "Jan 5, 2026",
                "2026-01-31", "", "20260131", "2026-01-31 10:00",
            ]
        ),
        "A.b": pa.array([1, 2, 3, 4, 5, 6, 7, 8, 9, None, None, 12], pa.int64()),
        "b.A": pa.array([1, 1, 3, 5, None, 6, 7, 8, 9, 10, None, 11], pa.int64()),
        "kind": pa.array(["b", "a", "b", "a", "b", "c", "a", "b", None, "b", "ä", "B"]),
        "rising": pa.array([1, 2, 2, None, 3, 10, 9, 11, 12, 13, 13, 14], pa.int64()),
        "nothing": pa.array([None] * 12, pa.float64()),
    }
)  # fmt: skip

BINS = {"bins": [0.0, 5.0, 10.0, 120.0], "weights": [0.4, 0.4, 0.2]}
SUITE = [
    expect("expect_column_values_to_be_between", column=NUMBER, min_value=0, max_value=3),
    expect("expect_column_values_to_be_between", column=NUMBER, min_value=0, max_value=3, mostly=0.5),
    expect("expect_column_values_to_be_between", column=NUMBER, min_value=0, max_value=3, strict_min=True, strict_max=True),
    expect("expect_column_values_to_be_between", column="open", max_value=5, strict_max=True),
    expect("expect_column_values_to_be_between", column="n", min_value=2),
    expect("expect_column_values_to_be_between", column="price", min_value=1.1, max_value=8.8),
    expect("expect_column_values_to_be_between", column="price", min_value=1.1, max_value=8.8, strict_min=True, strict_max=True),
    expect("expect_column_values_to_be_between", column="day", min_value="2026-01-02", max_value="2026-01-05"),
    expect("expect_column_values_to_be_between", column="day", max_value="2026-01-05", strict_max=True),
    expect("expect_column_values_to_be_between", column="at", min_value="2026-01-01T12:30:15.123456", strict_min=True),
    expect("expect_column_values_to_be_between", column="at", max_value="2026-01-03"),
    expect("expect_column_values_to_be_between", column="zoned", min_value="2026-03-29T03:30:00+02:00", max_value="2026-03-29T05:00:00Z"),
    expect("expect_column_values_to_be_in_set", column="kind", value_set=["a", "b", 1]),
    expect("expect_column_values_to_be_in_set", column=TEXT, value_set=["plain", "it's", "'; DROP TABLE t; --"]),
    expect("expect_column_values_to_be_in_set", column="n", value_set=[1, 2.0, "5", 7]),
    expect("expect_column_values_to_be_in_set", column=NUMBER, value_set=[0.1, 0, 1.5]),
    expect("expect_column_values_to_be_in_set", column="flag", value_set=[True]),
    expect("expect_column_values_to_be_in_set", column="flag", value_set=[0, 1]),
    expect("expect_column_values_to_be_in_set", column="day", value_set=["2026-01-01", "2026-01-02", "no day"]),
    expect("expect_column_values_to_be_in_set", column="at", value_set=["2026-01-01T12:30:15.123456"]),
    expect("expect_column_values_to_be_in_set", column="price", value_set=[1.1, 2.2, 3.3]),
    expect("expect_column_values_to_not_be_in_set", column="kind", value_set=["c", "ä"]),
    expect("expect_column_values_to_not_be_in_set", column="at", value_set=["2026-01-01T12:30:15.123456", "2020-01-01"]),
    expect("expect_column_values_to_be_null", column="nothing"),
    expect("expect_column_values_to_be_null", column="n"),
    expect("expect_column_values_to_not_be_null", column=NUMBER),
    expect("expect_column_values_to_not_be_null", column=NUMBER, mostly=0.8),
    expect("expect_column_values_to_not_be_null", column="id"),
    expect("expect_column_values_to_be_unique", column="id"),
    expect("expect_column_values_to_be_unique", column=TEXT),
    expect("expect_column_values_to_be_unique", column=NUMBER),
    expect("expect_column_values_to_be_unique", column="price"),
    expect("expect_column_value_lengths_to_equal", column="kind", value=1),
    expect("expect_column_value_lengths_to_be_between", column=TEXT, min_value=4, max_value=9),
    expect("expect_column_value_lengths_to_be_between", column="n", max_value=1),
    expect("expect_column_values_to_match_regex", column=TEXT, regex=r"^\w+$"),
    expect("expect_column_values_to_match_regex", column=TEXT, regex="two.lines|tail$"),
    expect("expect_column_values_to_match_regex", column=TEXT, regex=r"\d"),
    expect("expect_column_values_to_match_regex", column="n", regex="^[0-9]{1,2}$"),
    expect("expect_column_values_to_not_match_regex", column=TEXT, regex="<[^>]*>|--"),
    expect("expect_column_values_to_match_regex_list", column=TEXT, regex_list=["a", "'"], match_on="any"),
    expect("expect_column_values_to_match_regex_list", column=TEXT, regex_list=["a", r"\s"], match_on="all"),
    expect("expect_column_values_to_not_match_regex_list", column=TEXT, regex_list=["plain", "^$"]),
    expect("expect_column_values_to_be_json_parseable", column="json"),
    expect("expect_column_values_to_match_json_schema", column="json", json_schema={"type": "object", "properties": {"a": {"type": "integer"}}}),
    expect("expect_column_values_to_be_dateutil_parseable", column="when"),
    expect("expect_column_values_to_match_strftime_format", column="when", strftime_format="%Y-%m-%d"),
    expect("expect_column_value_z_scores_to_be_less_than", column="n", threshold=1.5, double_sided=True),
    expect("expect_column_value_z_scores_to_be_less_than", column="price", threshold=1, double_sided=False),
    expect("expect_column_value_z_scores_to_be_less_than", column="open", threshold=1, double_sided=True),
    expect("expect_column_values_to_not_be_outliers", column="n"),
    expect("expect_column_values_to_not_be_outliers", column="price", method="std", multiplier=1.2),
    expect("expect_column_pair_values_to_be_equal", column_A="A.b", column_B="b.A"),
    expect("expect_column_pair_values_to_be_equal", column_A="A.b", column_B="b.A", ignore_row_if="either_value_is_missing"),
    expect("expect_column_pair_values_a_to_be_greater_than_b", column_A="A.b", column_B="b.A"),
    expect("expect_column_pair_values_a_to_be_greater_than_b", column_A="A.b", column_B="b.A", or_equal=True, ignore_row_if="neither"),
    expect("expect_column_pair_values_a_to_be_greater_than_b", column_A="at", column_B="day"),
    expect("expect_column_pair_values_to_be_in_set", column_A="kind", column_B="flag", value_pairs_set=[["b", True], ["a", False]]),
    expect("expect_compound_columns_to_be_unique", column_list=["kind", "flag"]),
    expect("expect_compound_columns_to_be_unique", column_list=["id", "kind"]),
    expect("expect_compound_columns_to_be_unique", column_list=["A.b", "b.A"], ignore_row_if="never"),
    expect("expect_multicolumn_sum_to_equal", column_list=["A.b", "b.A"], sum_total=12),
    expect("expect_multicolumn_sum_to_equal", column_list=["A.b", "price"], sum_total=2),
    expect("expect_multicolumn_values_to_be_equal", column_list=["A.b", "b.A"]),
    expect("expect_select_column_values_to_be_unique_within_record", column_list=["A.b", "b.A", "id"]),
    expect("expect_column_max_to_be_between", column=NUMBER, max_value=10),
    expect("expect_column_max_to_be_between", column="at", max_value="2026-01-04"),
    expect("expect_column_min_to_be_between", column="price", min_value=0),
    expect("expect_column_min_to_be_between", column="day", min_value="2026-01-01", strict_min=True),
    expect("expect_column_min_to_be_between", column="zoned", min_value="2026-03-29T00:00:00Z"),
    expect("expect_column_mean_to_be_between", column="n", min_value=10, max_value=20),
    expect("expect_column_mean_to_be_between", column="flag", min_value=0.75),
    expect("expect_column_mean_to_be_between", column="open", max_value=5),
    expect("expect_column_mean_to_be_between", column="nothing", min_value=0),
    expect("expect_column_median_to_be_between", column="n", min_value=7, max_value=8),
    expect("expect_column_median_to_be_between", column="price", min_value=7),
    expect("expect_column_stdev_to_be_between", column="n", min_value=0, max_value=1),
    expect("expect_column_stdev_to_be_between", column="open", min_value=0),
    expect("expect_column_sum_to_be_between", column="price", min_value=50, max_value=70),
    expect("expect_column_sum_to_be_between", column="nothing", min_value=0),
    expect("expect_column_quantile_values_to_be_between", column="n", quantile_ranges={"quantiles": [0.05, 0.5, 0.77], "value_ranges": [[0, 2], [7, 8], [0, 9]]}),
    expect("expect_column_quantile_values_to_be_between", column="n", allow_relative_error="linear", quantile_ranges={"quantiles": [0.1, 0.9], "value_ranges": [[0, 2], [11, 30]]}),
    expect("expect_column_unique_value_count_to_be_between", column="kind", max_value=5),
    expect("expect_column_unique_value_count_to_be_between", column=NUMBER, min_value=8),
    expect("expect_column_proportion_of_unique_values_to_be_between", column="kind", min_value=0.5, max_value=0.6),
    expect("expect_column_proportion_of_non_null_values_to_be_between", column=NUMBER, min_value=0.9),
    expect("expect_column_distinct_values_to_be_in_set", column="kind", value_set=["a", "b", "c"]),
    expect("expect_column_distinct_values_to_be_in_set", column="day", value_set=[f"2026-01-0{day}" for day in range(1, 8)]),
    expect("expect_column_distinct_values_to_contain_set", column="day", value_set=["2026-01-01", "2026-02-01"]),
    expect("expect_column_distinct_values_to_contain_set", column="when", value_set=["2026-01-31", "noon"]),
    expect("expect_column_distinct_values_to_equal_set", column="n", value_set=[1, 2, 5, 7, 8, 9, 10, 11, 100]),
    expect("expect_column_distinct_values_to_equal_set", column="flag", value_set=[True]),
    expect("expect_column_most_common_value_to_be_in_set", column="kind", value_set=["b"]),
    expect("expect_column_most_common_value_to_be_in_set", column="day", value_set=["2026-01-01"], ties_okay=True),
    expect("expect_column_kl_divergence_to_be_less_than", column="n", partition_object=BINS, threshold=0.1),
    expect("expect_column_kl_divergence_to_be_less_than", column="n", partition_object=BINS, threshold=0.5, tail_weight_holdout=0.01),
    expect("expect_column_kl_divergence_to_be_less_than", column="kind", partition_object={"values": ["a", "b", "c"], "weights": [0.3, 0.5, 0.2]}, threshold=0.2, tail_weight_holdout=0.1),
    expect("expect_column_values_to_be_increasing", column="rising"),
    expect("expect_column_values_to_be_increasing", column="id", strictly=True),
    expect("expect_column_values_to_be_increasing", column="rising", strictly=True),
    expect("expect_column_values_to_be_decreasing", column="day"),
    expect("expect_column_to_exist", column="id", column_index=0),
    expect("expect_column_to_exist", column="id", column_index=3),
    expect("expect_table_row_count_to_be_between", min_value=1, max_value=12),
    expect("expect_table_row_count_to_equal", value=13),
    expect("expect_table_column_count_to_equal", value=TABLE.num_columns),
    expect("expect_table_column_count_to_be_between", max_value=3),
    expect("expect_table_columns_to_match_ordered_list", column_list=TABLE.column_names),
    expect("expect_table_columns_to_match_set", column_set=["id", "zz"], exact_match=False),
    expect("expect_table_columns_to_match_set", column_set=TABLE.column_names[::-1], exact_match=True),
]  # fmt: skip

# On these the engines are asked the same, and each column answers with its own engine's name.
TYPES = [
    expect("expect_column_values_to_be_of_type", column="id", type_="int64"),
    expect("expect_column_values_to_be_of_type", column="id", type_="LongType"),
    expect("expect_column_values_to_be_of_type", column=NUMBER, type_="BIGINT"),
    expect("expect_column_values_to_be_in_type_list", column="kind", type_list=["int64", "VARCHAR"]),
    expect("expect_column_type_to_be", column="day", type_="DATE"),
    expect("expect_column_type_to_be", column="at", type_="datetime64[ns]"),
    expect("expect_column_type_to_be", column="price", type_="decimal"),
    expect("expect_column_type_to_be", column="flag", type_="nonsense"),
]
# A table in a database, or spread over workers, has no first row.
IN_ORDER = {"expect_column_values_to_be_increasing", "expect_column_values_to_be_decreasing"}

_NUMBERS = ("element_count", "missing_count", "unexpected_count", "missing_count", "observed_value")


def near(one, other):
    """Whether two answers are the same, numbers but for the last digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(near, one, other))
    if isinstance(one, float) and isinstance(other, (int, float)):
        return one == other or math.isclose(one, other, rel_tol=1e-9)
    return one == other


def answer(outcome):
    return {"success": outcome.success, "error": outcome.error} | {key: outcome.result.get(key) for key in _NUMBERS}
