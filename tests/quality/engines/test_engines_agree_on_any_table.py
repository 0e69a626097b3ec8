from datetime import datetime, timedelta

import pyarrow as pa
from engine_cases import answer, near
from engine_tables import as_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.quality.engines import open_arrow, open_frame
from stageline.spec.models import Expectation

START = datetime(2026, 1, 1)  # noqa: DTZ001
ROW = st.tuples(
    st.none() | st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(width=64) | st.sampled_from([0.0, -0.0, 0.1, 1.0]),
    st.none() | st.sampled_from(["", "a", "A", "é", "a\n", "'", "ab"]) | st.text(max_size=3),
    st.none() | st.booleans(),
    st.none() | st.integers(0, 9).map(lambda hours: START + timedelta(hours=hours)),
)
SCHEMA = pa.schema(
    [("n", pa.int64()), ("x", pa.float64()), ("t", pa.string()), ("b", pa.bool_()), ("at", pa.timestamp("us"))]
)


def expect(kind, **arguments):
    return Expectation.model_validate({"type": kind, **arguments})


SUITE = [
    expect("expect_column_values_to_be_between", column="n", min_value=-1, max_value=2),
    expect("expect_column_values_to_be_between", column="x", min_value=0, strict_min=True),
    expect("expect_column_values_to_be_between", column="at", max_value="2026-01-01T04:00:00"),
    expect("expect_column_values_to_be_in_set", column="x", value_set=[0, 0.1]),
    expect("expect_column_values_to_not_be_in_set", column="t", value_set=["a", ""]),
    expect("expect_column_values_to_not_be_null", column="x", mostly=0.5),
    expect("expect_column_values_to_be_null", column="t"),
    expect("expect_column_value_lengths_to_be_between", column="t", min_value=1, max_value=1),
    expect("expect_column_values_to_match_regex", column="t", regex=r"^[a-z\s]"),
    expect("expect_column_values_to_be_unique", column="x"),
    expect("expect_column_values_to_be_unique", column="t"),
    expect("expect_column_values_to_be_increasing", column="n"),
    expect("expect_column_values_to_be_decreasing", column="at", strictly=True),
    expect("expect_compound_columns_to_be_unique", column_list=["b", "at"]),
    expect("expect_compound_columns_to_be_unique", column_list=["b", "t"], ignore_row_if="any_value_is_missing"),
    expect("expect_column_pair_values_a_to_be_greater_than_b", column_A="x", column_B="n"),
    expect("expect_column_pair_values_to_be_in_set", column_A="b", column_B="t", value_pairs_set=[[True, "a"], [False, ""]]),
    expect("expect_select_column_values_to_be_unique_within_record", column_list=["n", "x"], ignore_row_if="never"),
    expect("expect_multicolumn_values_to_be_equal", column_list=["n", "x"]),
    expect("expect_column_values_to_not_be_outliers", column="n", multiplier=0.5),
    expect("expect_column_min_to_be_between", column="x", min_value=0),
    expect("expect_column_max_to_be_between", column="at", max_value="2026-01-01T04:00:00"),
    expect("expect_column_median_to_be_between", column="x", min_value=0),
    expect("expect_column_mean_to_be_between", column="b", min_value=0.5),
    expect("expect_column_quantile_values_to_be_between", column="n", quantile_ranges={"quantiles": [0.3, 0.9], "value_ranges": [[-1, 1], [0, 3]]}),
    expect("expect_column_unique_value_count_to_be_between", column="t", max_value=3),
    expect("expect_column_proportion_of_unique_values_to_be_between", column="x", min_value=0.5),
    expect("expect_column_distinct_values_to_equal_set", column="t", value_set=["a", "A"]),
    expect("expect_column_most_common_value_to_be_in_set", column="t", value_set=["a"]),
]  # fmt: skip


@settings(max_examples=15)
@given(st.lists(ROW, max_size=12))
def test_pandas_and_duckdb_agree_on_any_table(rows):
    table = pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)
    with open_frame(as_frame(table)) as pandas, open_arrow(table) as duckdb:
        ours, theirs = duckdb.evaluate(SUITE), pandas.evaluate(SUITE)
        failing, reference = duckdb.failing_rows(SUITE), pandas.failing_rows(SUITE)

    differing = [
        (item.type, answer(one), answer(other))
        for item, one, other in zip(SUITE, theirs, ours, strict=True)
        if not near(answer(one), answer(other))
    ]
    assert differing == []
    assert failing.positions.tolist() == reference.positions.tolist()
    assert failing.failed == reference.failed
    for place, outcome in enumerate(ours):
        if "element_count" in outcome.result:
            assert sum(place in row for row in failing.failed) == outcome.result["unexpected_count"]
