import json
import math
from decimal import Decimal

import pandas as pd
import pytest

from stageline.quality import check_quality
from stageline.quality.columns import describe_columns, nearest_column
from stageline.quality.wording import as_list, as_measured, as_percent, as_text
from stageline.spec.models import Expectation
from stageline.verdicts import Mode


def facts_of(values, **options):
    return describe_columns(pd.DataFrame({"a": pd.Series(values, **options)}), ["a"])["a"]


def test_facts_of_numbers_leave_the_infinite_out():
    facts = facts_of([1.0, 2.0, None, math.inf, -math.inf, 2.0])

    assert (facts.count, facts.nulls, facts.infinite, facts.distinct) == (5, 1, 2, 4)
    assert (facts.min, facts.max, facts.mean) == (1.0, 2.0, pytest.approx(5 / 3))


def test_facts_keep_whole_numbers_exact():
    facts = facts_of([2**60 + 1, 2**60 + 3])

    assert (facts.min, facts.max) == (2**60 + 1, 2**60 + 3)


@pytest.mark.parametrize(
    ("values", "options", "distinct"),
    [
        ([], {"dtype": float}, 0),
        ([None, None], {}, 0),
        ([math.inf, math.inf], {}, 1),
        (["x", "y", None], {}, 2),
        ([[1], [2]], {}, None),
        ([1 + 2j], {}, 1),
        ([Decimal("Infinity"), "x"], {"dtype": object}, 2),
    ],
)
def test_facts_without_a_span(values, options, distinct):
    facts = facts_of(values, **options)

    assert (facts.min, facts.max, facts.mean) == (None, None, None)
    assert facts.distinct == distinct


@pytest.mark.parametrize(
    ("values", "dtype", "least", "most"),
    [
        ([1, None, 3], "Int64", 1, 3),
        ([True, False], "boolean", 0, 1),
        ([True, False], "bool", 0, 1),
        ([0.5, None], "Float32", 0.5, 0.5),
        ([1.5, None], "double[pyarrow]", 1.5, 1.5),
        (["2026-01-01", "2026-01-03"], "datetime64[s]", "2026-01-01T00:00:00", "2026-01-03T00:00:00"),
    ],
)
def test_facts_of_other_types(values, dtype, least, most):
    facts = facts_of(values, dtype=dtype)

    assert (facts.type, facts.min, facts.max) == (dtype, least, most)


def test_an_overflowing_mean_is_left_out():
    assert facts_of([1.7e308, 1.7e308]).mean is None


def test_evidence_stays_small_and_names_needed_columns_first():
    frame = pd.DataFrame({f"{number:03}{'<' * 900}": [1.0] for number in range(70)})
    last = frame.columns[-1]
    needed = Expectation.model_validate({"type": "expect_column_values_to_not_be_null", "column": last})
    evidence = check_quality(frame, [needed], mode=Mode.ENABLED).evidence

    assert len(json.dumps(evidence)) < 50_000
    assert next(iter(evidence["statistics"])) == last
    assert (evidence["rows"], evidence["columns"], evidence["expectations"]) == (1, 70, 1)


def test_evidence_holds_at_most_fifty_columns():
    frame = pd.DataFrame({f"column {number}": [1.0, None] for number in range(60)})
    statistics = check_quality(frame, [], mode=Mode.ENABLED).evidence["statistics"]

    assert len(statistics) == 50
    assert statistics["column 0"] == {
        "type": "float64", "count": 1, "nulls": 1, "infinite": 0, "distinct": 1,
        "min": 1.0, "max": 1.0, "mean": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "near"), [("Hum", "hum"), ("wind_speed", "windspeed"), ("zzz", None)])
def test_nearest_column(name, near):
    assert nearest_column(name, ["hum", "windspeed"]) == near


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-3.0, "-3"), (1.0000001, "1.0000001"), (7, "7"), (True, "True"), ("a\nb", r"'a\nb'"),
        (math.nan, "nan"), ((1, 2.5), "(1, 2.5)"), ({"a": 1, "b": "x"}, "(1, 'x')"), (None, "None"),
    ],
)  # fmt: skip
def test_values_as_text(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("percent", "text"),
    [(0, "0 %"), (0.069, "0.07 %"), (0.0001, "less than 0.01 %"), (33.3333, "33.33 %"), (100, "100 %")],
)
def test_percent_as_text(percent, text):
    assert as_percent(percent) == text


def test_a_rounded_number_never_looks_like_its_limit():
    assert as_measured(0.123456789, {"max_value": 1}) == "0.123457"
    assert as_measured(1.0000000001, {"max_value": 1}) == "1.0000000001"


def test_a_long_list_is_counted():
    assert as_list(range(1_013)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 1,003 more"
