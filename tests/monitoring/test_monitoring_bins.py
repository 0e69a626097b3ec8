import math
import sys
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.exceptions import DataError
from stageline.monitoring.bins import CategoryBins, NumericBins, category_bins, numeric_bins

LARGEST = sys.float_info.max
FINITE = st.floats(allow_nan=False, allow_infinity=False)
AWKWARD = st.one_of(FINITE, st.sampled_from([0.0, -0.0, 5e-324, -5e-324, LARGEST, -LARGEST, 1.0, 2.0, 2.0**53]))


def interval(bins, place):
    low = bins.cuts[place - 1] if place else -math.inf
    high = bins.cuts[place] if place < len(bins.cuts) else math.inf
    return low, high


@given(st.lists(AWKWARD, min_size=1), st.lists(AWKWARD), st.integers(2, 30))
def test_every_finite_value_is_in_exactly_the_bin_that_holds_it(reference, others, wanted):
    bins = numeric_bins(np.array(reference), wanted=wanted)
    assert all(low < high for low, high in pairwise(bins.cuts))
    assert all(math.isfinite(cut) for cut in bins.cuts)
    values = [*reference, *others, *bins.cuts, LARGEST, -LARGEST]
    places = bins.index(np.array(values))
    for value, place in zip(values, places.tolist(), strict=True):
        assert 0 <= place < bins.count
        low, high = interval(bins, place)
        assert low <= value < high


@given(st.lists(AWKWARD, min_size=1))
def test_the_outer_bins_hold_nothing_of_the_reference(reference):
    bins = numeric_bins(np.array(reference))
    counted = np.bincount(bins.index(np.array(reference)), minlength=bins.count)
    assert counted[0] == 0
    assert counted[-1] == 0 or max(reference) == LARGEST
    assert counted.sum() == len(reference)


@given(st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=300), st.integers(2, 25))
def test_a_value_that_would_fill_a_bin_is_alone_in_one(reference, wanted):
    bins = numeric_bins(np.array(reference), wanted=wanted)
    for value in set(reference):
        if reference.count(value) * wanted >= len(reference):
            low, high = interval(bins, int(bins.index(np.array([value]))[0]))
            assert (low, high) == (value, math.nextafter(value, math.inf))


@given(st.lists(FINITE, min_size=40, max_size=400, unique=True), st.integers(2, 20))
def test_without_ties_no_bin_holds_far_more_than_its_share(reference, wanted):
    values = np.array(reference)
    counted = np.bincount(numeric_bins(values, wanted=wanted).index(values))
    assert counted.max() <= math.ceil(len(values) / wanted) + 1


def test_few_whole_numbers_get_a_bin_each():
    values = np.repeat(np.arange(10.0), 100)
    bins = numeric_bins(values)
    counted = np.bincount(bins.index(values), minlength=bins.count)
    assert sorted(counted[counted > 0].tolist()) == [100] * 10
    # What lies between two of them was never seen.
    assert counted[bins.index(np.array([0.5, 8.5]))].tolist() == [0, 0]


def test_a_constant_has_a_bin_between_two_that_are_empty():
    bins = numeric_bins(np.full(1_000, 7.0))
    assert bins.cuts == (7.0, math.nextafter(7.0, 8.0))
    assert bins.index(np.array([6.0, 7.0, 7.0 + 1e-12, 8.0])).tolist() == [0, 1, 2, 2]


def test_both_zeros_are_one_value_and_subnormals_others():
    bins = numeric_bins(np.array([0.0, -0.0] * 50))
    assert bins.index(np.array([-5e-324, -0.0, 0.0, 5e-324])).tolist() == [0, 1, 1, 2]


def test_nothing_to_lay_bins_over_gives_one_for_everything():
    bins = numeric_bins(np.empty(0))
    assert bins == NumericBins(())
    assert bins.count == 1
    assert bins.index(np.array([-1e308, 0.0, 1e308])).tolist() == [0, 0, 0]


def test_more_cuts_than_a_byte_counts():
    bins = NumericBins(tuple(float(cut) for cut in range(300)))
    assert bins.index(np.array([-1.0, 254.5, 255.5, 256.5, 1e9])).tolist() == [0, 255, 256, 257, 300]


def test_one_bin_is_none():
    with pytest.raises(DataError, match="1 bins are wanted; expected at least 2"):
        numeric_bins(np.array([1.0]), wanted=1)


@given(st.dictionaries(st.text(max_size=5), st.integers(1, 9), max_size=12), st.integers(1, 12))
def test_the_most_frequent_categories_have_bins(counted, kept):
    bins = category_bins(counted, kept=kept)
    assert bins.complete == (len(counted) <= kept)
    assert bins.count == min(kept, len(counted)) + 1
    left = set(counted) - set(bins.names)
    assert all(counted[name] >= counted[other] for name in bins.names for other in left)
    asked = [*counted, "another one"]
    expected = [bins.names.index(name) if name in bins.names else len(bins.names) for name in asked]
    assert bins.index(pa.array(asked, pa.string())).tolist() == expected


def test_equally_frequent_categories_are_taken_by_name_in_any_order():
    assert category_bins({"b": 1, "a": 1, "c": 2}, kept=2) == category_bins({"c": 2, "a": 1, "b": 1}, kept=2)


def test_a_name_too_long_to_keep_counts_as_one_of_the_others():
    long = "x" * 201
    bins = category_bins({long: 50, "short": 3})
    assert bins == CategoryBins(("short",), complete=False)
    assert bins.index(pa.array([long, "short"])).tolist() == [1, 0]
