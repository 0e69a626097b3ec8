import math
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from stageline.exceptions import DataError
from stageline.quality.engines import open_arrow, open_frame
from stageline.quality.engines.kinds import Kind
from stageline.quality.engines.pandas_columns import shown
from stageline.spec.models import Expectation

LONG = Decimal("12345678901234567890.12")


def expect(kind, **arguments):
    return Expectation.model_validate({"type": kind, **arguments})


@pytest.mark.parametrize(
    ("values", "dtype", "kind", "judged"),
    [
        ([1, 2], "int64", Kind.INTEGER, [1, 2]),
        ([1, None], "Int64", Kind.INTEGER, [1, math.nan]),
        ([2**60 + 1, None], "int64[pyarrow]", Kind.INTEGER, [2**60 + 1, math.nan]),
        ([1, 2], "uint8", Kind.INTEGER, [1, 2]),
        ([1, None], "float64", Kind.REAL, [1, math.nan]),
        ([0.5, None], "Float32", Kind.REAL, [0.5, math.nan]),
        ([0.5, math.nan, None], "double[pyarrow]", Kind.REAL, [0.5, math.nan, math.nan]),
        ([True, False], "bool", Kind.BOOLEAN, [True, False]),
        ([True, None], "boolean", Kind.BOOLEAN, [True, math.nan]),
        ([True, None], object, Kind.BOOLEAN, [True, math.nan]),
        (["a", None], "str", Kind.TEXT, ["a", math.nan]),
        (["a", None], object, Kind.TEXT, ["a", math.nan]),
        (["a", None], "string", Kind.TEXT, ["a", math.nan]),
        (["a", "b", None], "category", Kind.TEXT, ["a", "b", math.nan]),
        ([1, 2, 1], "category", Kind.INTEGER, [1, 2, 1]),
        ([1, 2.5, None], object, Kind.REAL, [1, 2.5, math.nan]),
        ([Decimal("1.10"), None], object, Kind.DECIMAL, [1.1, math.nan]),
        ([LONG, None], object, Kind.LONG_DECIMAL, [LONG, math.nan]),
        ([date(2026, 1, 31), None], object, Kind.DATE, [datetime(2026, 1, 31), math.nan]),  # noqa: DTZ001
        ([datetime(2026, 1, 31, 10), None], "datetime64[s]", Kind.TIME, [datetime(2026, 1, 31, 10), math.nan]),  # noqa: DTZ001
        ([datetime(2026, 1, 31, 10, tzinfo=UTC)], "datetime64[ns, Europe/Berlin]", Kind.TIME, [datetime(2026, 1, 31, 10)]),  # noqa: DTZ001
        ([datetime(2026, 1, 31, 10, tzinfo=UTC)], object, Kind.TIME, [datetime(2026, 1, 31, 10)]),  # noqa: DTZ001
        ([datetime(2026, 1, 31)], pd.ArrowDtype(pa.timestamp("us", "UTC")), Kind.TIME, [datetime(2026, 1, 31)]),  # noqa: DTZ001
        ([[1], None], object, Kind.OTHER, [[1], math.nan]),
        ([1, "a"], object, Kind.OTHER, [1, "a"]),
        ([b"a"], object, Kind.OTHER, [b"a"]),
        ([1j], "complex128", Kind.OTHER, [1j]),
        ([None, None], object, Kind.NOTHING, [math.nan, math.nan]),
        ([], object, Kind.NOTHING, []),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_column_holds(values, dtype, kind, judged):
    held, series = shown(pd.Series(values, dtype=dtype))

    assert held is kind
    assert series.isna().tolist() == [value is None or value != value for value in judged]  # noqa: PLR0124 - NaN
    assert series.dropna().tolist() == [value for value in judged if value == value]  # noqa: PLR0124


def test_the_table_itself_is_not_changed():
    frame = pd.DataFrame({"day": [date(2026, 1, 1), None], "price": [Decimal("1.1"), None]}, index=[7, 7])
    before = frame.copy(deep=True)
    with open_frame(frame) as table:
        table.evaluate([expect("expect_column_values_to_be_unique", column="price")])
        table.describe(table.columns, {})

    pd.testing.assert_frame_equal(frame, before)


def test_rows_are_told_by_their_place_whatever_the_index_says():
    frame = pd.DataFrame({"a": [1, -1, 2, -2]}, index=["x", "x", None, 3])
    with open_frame(frame) as table:
        rows = table.failing_rows([expect("expect_column_values_to_be_between", column="a", min_value=0)])

    assert rows.positions.tolist() == [1, 3]
    assert rows.rows.to_pydict() == {"a": [-1, -2]}


def test_long_decimals_are_told_apart_but_not_computed_with():
    frame = pd.DataFrame({"a": [LONG, LONG + Decimal("0.01"), LONG]})
    with open_frame(frame) as table:
        unique, mean = table.evaluate(
            [
                expect("expect_column_values_to_be_unique", column="a"),
                expect("expect_column_mean_to_be_between", column="a", min_value=0),
            ]
        )

    assert unique.result["unexpected_count"] == 2
    assert "decimals of more than 15 digits" in mean.error


def test_a_column_of_mixed_objects_is_handed_out_as_texts():
    frame = pd.DataFrame({"a": [1, "x", None, {"b": 2}], "n": [1, 2, 3, 4]})
    with open_frame(frame) as table:
        rows = table.failing_rows([expect("expect_column_values_to_be_null", column="a")])

    assert rows.rows.to_pydict() == {"a": ["1", "x", "{'b': 2}"], "n": [1, 2, 4]}


def test_zones_survive_in_the_rows_handed_out():
    frame = pd.DataFrame({"at": pd.to_datetime(["2026-01-31T10:00Z"]).tz_convert("Europe/Berlin")})
    with open_frame(frame) as table:
        rows = table.failing_rows([expect("expect_column_values_to_be_null", column="at")]).rows

    assert rows.schema.field("at").type.tz == "Europe/Berlin"
    assert rows["at"].to_pylist() == [datetime(2026, 1, 31, 10, tzinfo=UTC)]


def test_names_that_differ_in_case_alone_are_two_columns():
    columns = {"hum": [1, 2], "HUM": [3, 4], "Hum ": [5, 6]}
    asked = [expect("expect_column_max_to_be_between", column=name, max_value=0) for name in columns]
    for opened in (open_frame(pd.DataFrame(columns)), open_arrow(pa.table(columns))):
        with opened as table:
            assert [outcome.result["observed_value"] for outcome in table.evaluate(asked)] == [2, 4, 6]
            assert table.describe(table.columns, {})["HUM"].min == 3
            assert table.failing_rows(
                [expect("expect_column_values_to_be_between", column="HUM", max_value=3)]
            ).rows.to_pydict() == {"hum": [2], "HUM": [4], "Hum ": [6]}


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(DataError, match="column name 0 is a int"), open_frame(pd.DataFrame(np.zeros((1, 1)))):
        pass


def test_a_column_of_nulls_alone_can_be_asked_anything():
    asked = [
        expect("expect_column_values_to_be_between", column="a", min_value="2026-01-01"),
        expect("expect_column_values_to_be_in_set", column="a", value_set=["x", 1]),
        expect("expect_column_values_to_match_regex", column="a", regex="x"),
        expect("expect_column_values_to_be_json_parseable", column="a"),
        expect("expect_column_values_to_be_unique", column="a"),
        expect("expect_column_values_to_be_null", column="a"),
        expect("expect_column_mean_to_be_between", column="a", min_value=0),
        expect("expect_column_max_to_be_between", column="a", min_value=0),
        expect("expect_column_median_to_be_between", column="a", min_value=0),
        expect("expect_compound_columns_to_be_unique", column_list=["a", "n"]),
        expect("expect_column_pair_values_a_to_be_greater_than_b", column_A="a", column_B="n"),
        expect("expect_multicolumn_values_to_be_equal", column_list=["n", "a"]),
    ]
    for opened in (
        open_frame(pd.DataFrame({"a": [None, None], "n": [1, 1]}, dtype=object).astype({"n": int})),
        open_arrow(pa.table({"a": pa.nulls(2), "n": [1, 1]})),
    ):
        with opened as table:
            outcomes = table.evaluate(asked)
            assert [outcome.error for outcome in outcomes] == [""] * len(asked)
            assert [outcome.success for outcome in outcomes] == [True] * 6 + [False] * 6
            assert table.describe(["a"], {})["a"].nulls == 2
            assert table.failing_rows(asked).failed == ((9, 10, 11), (9, 10, 11))
