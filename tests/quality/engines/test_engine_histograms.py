import math

import numpy as np
import pyarrow as pa
import pytest
from engine_tables import as_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.quality.columns import Histogram
from stageline.quality.engines import open_arrow, open_frame
from stageline.quality.engines.bins import equal_edges

OPENED = {"pandas": lambda table: open_frame(as_frame(table)), "duckdb": open_arrow}


@pytest.fixture(params=OPENED)
def describe(request):
    def described(values, like=None, type_=None):
        with OPENED[request.param](pa.table({"a": pa.array(values, type_)})) as table:
            return table.describe(["a"], {"a": like} if like else {})["a"]

    return described


def test_numbers_are_spread_over_twenty_bins_of_one_width(describe):
    facts = describe([*range(1, 1_001), None])

    assert len(facts.histogram.counts) == 20
    assert np.diff(facts.histogram.edges) == pytest.approx(np.diff(facts.histogram.edges)[0])
    assert (facts.count, facts.nulls, facts.min, facts.max, facts.mean) == (1_000, 1, 1, 1_000, 500.5)
    # Half a percent lies beyond each end.
    assert 4.5 <= facts.histogram.edges[0] <= 7
    assert facts.histogram.outside == 1_000 - sum(facts.histogram.counts) <= 12
    assert all(45 <= count <= 55 for count in facts.histogram.counts)


@pytest.mark.parametrize(("most", "each", "bins"), [(1, 1, 2), (11, 1, 12), (19, 1, 20), (23, 2, 12), (99, 5, 20)])
def test_bins_of_whole_numbers_hold_as_many_of_them(describe, most, each, bins):
    histogram = describe([number for number in range(most + 1) for _ in range(50)]).histogram

    assert histogram.edges[0] == -0.5
    assert histogram.counts == (50 * each,) * bins


def test_far_values_shape_no_bin(describe):
    facts = describe([float(number % 100) for number in range(10_000)] + [1e9, -1e9])

    assert facts.histogram.edges[0] == 0
    assert facts.histogram.edges[-1] == 99
    assert (facts.histogram.outside, facts.max, facts.min) == (2, 1e9, -1e9)


@pytest.mark.parametrize("values", [[5.0] * 50, [7], [5] * 999 + [1, 9]])
def test_a_constant_has_one_bin(describe, values):
    histogram = describe(values).histogram

    assert histogram.edges == (values[0], values[0])
    assert histogram.counts == (values.count(values[0]),)
    assert histogram.outside == len(values) - values.count(values[0])


@pytest.mark.parametrize("values", [[None, None], [math.nan], [math.inf, -math.inf]])
def test_without_finite_numbers_there_is_no_histogram(describe, values):
    facts = describe(values, type_=pa.float64())

    assert facts.histogram is None
    assert (facts.min, facts.max, facts.mean) == (None, None, None)
    assert facts.infinite == sum(value is not None and math.isinf(value) for value in values)


def test_whole_numbers_stay_exact(describe):
    facts = describe([2**60 + 1, 2**60 + 3])

    assert (facts.min, facts.max) == (2**60 + 1, 2**60 + 3)


def test_texts_are_counted_by_their_ten_most_frequent(describe):
    values = [f"text {number % 13:02}" for number in range(130)] + ["text 05", "x" * 81, "x" * 81, None]
    histogram = describe(values).histogram

    assert histogram.values == ("text 05", *(f"text {number:02}" for number in range(10) if number != 5))
    assert histogram.counts == (11, *[10] * 9)
    # Three other texts of ten each, and two that are too long to be listed.
    assert histogram.outside == 32
    assert histogram.edges == ()


def test_booleans_are_counted_as_true_and_false(describe):
    facts = describe([True, True, False, None])

    assert facts.histogram == Histogram(values=("true", "false"), counts=(2, 1))
    assert (facts.min, facts.max, facts.mean) == (0, 1, pytest.approx(2 / 3))


def test_bins_are_taken_over(describe):
    assert describe([0.0, 0.5, 1.0, 2.0, 2.5, -1.0], Histogram(edges=(0, 1, 2), counts=(7, 7))).histogram == Histogram(
        edges=(0, 1, 2), counts=(2, 2), outside=2
    )
    assert describe(["b", "z", "b"], Histogram(values=("b", "c"), counts=(1, 1))).histogram == Histogram(
        values=("b", "c"), counts=(2, 0), outside=1
    )


def test_bins_of_another_kind_are_not(describe):
    assert describe(["b"], Histogram(edges=(0, 1), counts=(1,))).histogram == Histogram(values=("b",), counts=(1,))
    assert describe([3.0], Histogram(values=("b",), counts=(1,))).histogram.edges == (3.0, 3.0)


@settings(max_examples=30)
@given(
    values=st.lists(st.none() | st.floats(width=64) | st.integers(-5, 5).map(float), min_size=1, max_size=60),
    low=st.floats(-1e6, 1e6),
    width=st.floats(1e-3, 1e6),
)
def test_engines_bin_alike_and_lose_nothing(values, low, width):
    like = {"a": Histogram(edges=equal_edges(low, low + width), counts=(0,) * 20)}
    table = pa.table({"a": pa.array(values, pa.float64())})
    with open_frame(as_frame(table)) as pandas, open_arrow(table) as duckdb:
        ours, theirs = duckdb.describe(["a"], like)["a"], pandas.describe(["a"], like)["a"]
        own = duckdb.describe(["a"], {})["a"]

    assert ours.histogram == theirs.histogram
    assert (ours.count, ours.nulls, ours.infinite, ours.min, ours.max) == (
        theirs.count, theirs.nulls, theirs.infinite, theirs.min, theirs.max
    )  # fmt: skip
    for facts in (ours, own):
        if facts.histogram:
            assert sum(facts.histogram.counts) + facts.histogram.outside == facts.count - facts.infinite
    assert own.count + own.nulls == len(values)


@given(low=st.floats(allow_nan=False, allow_infinity=False), high=st.floats(allow_nan=False, allow_infinity=False))
def test_edges_rise(low, high):
    edges = equal_edges(min(low, high), max(low, high))

    assert len(edges) in (2, 21)
    assert edges[0] == min(low, high)
    assert edges[-1] == max(low, high)
    assert len(edges) == 2 or all(np.diff(edges) > 0)
