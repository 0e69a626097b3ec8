import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

from stageline.monitoring.bins import numeric_bins
from stageline.monitoring.measures import FUNCTIONS, MEASURES, Line, shares

BOUNDED = ("jensen_shannon", "kolmogorov_smirnov", "total_variation")


@st.composite
def samples(draw, how_many=2):
    """Draw counts in the same bins, and the gaps between these."""
    bins = draw(st.integers(2, 12))
    counts = [
        np.array(draw(st.lists(st.integers(0, 50), min_size=bins, max_size=bins).filter(any))) for _ in range(how_many)
    ]
    gaps = draw(st.lists(st.floats(0.01, 10), min_size=bins - 1, max_size=bins - 1))
    return (*counts, Line(np.array(gaps)))


def value(measure, one, other, line):
    return float(FUNCTIONS[measure](shares(one, measure), shares(other, measure), line))


@given(samples())
def test_jensen_shannon_is_scipys(drawn):
    one, other, line = drawn
    # SciPy's root of a rounding error is nan.
    expected = np.nan_to_num(jensenshannon(one, other, base=2))
    assert value("jensen_shannon", one, other, line) == pytest.approx(expected, abs=1e-7)


@given(samples())
def test_kolmogorov_smirnov_is_scipys_on_values_at_the_bins_places(drawn):
    one, other, line = drawn
    places = np.arange(len(one))
    expected = ks_2samp(np.repeat(places, 2 * one), np.repeat(places, 2 * other), method="asymp").statistic
    assert value("kolmogorov_smirnov", one, other, line) == pytest.approx(expected, abs=1e-12)


@given(samples())
def test_wasserstein_is_scipys_on_weighted_places(drawn):
    one, other, line = drawn
    places = np.concatenate([[0], np.cumsum(line.gaps)])
    expected = wasserstein_distance(places, places, one, other)
    assert value("wasserstein", one, other, line) == pytest.approx(expected, abs=1e-9)


@given(samples())
def test_total_variation_is_the_largest_difference_any_set_of_bins_shows(drawn):
    one, other, line = drawn
    p, q = one / one.sum(), other / other.sum()
    assert value("total_variation", one, other, line) == pytest.approx((p - q)[p > q].sum(), abs=1e-12)


@given(samples())
def test_psi_is_the_sum_by_hand_with_half_a_row_more_in_each_bin(drawn):
    one, other, line = drawn
    p, q = (one + 0.5) / (one.sum() + len(one) / 2), (other + 0.5) / (other.sum() + len(other) / 2)
    expected = sum((b - a) * math.log(b / a) for a, b in zip(p.tolist(), q.tolist(), strict=True))
    assert value("psi", one, other, line) == pytest.approx(expected, abs=1e-12)


def test_psi_of_a_textbook_pair():
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert FUNCTIONS["psi"](p, q, None) == pytest.approx(0.25 * math.log(3))


def test_psi_is_infinite_where_only_one_is_empty():
    assert FUNCTIONS["psi"](np.array([0.0, 1.0]), np.array([0.5, 0.5]), None) == math.inf
    assert FUNCTIONS["psi"](np.array([0.0, 1.0]), np.array([0.0, 1.0]), None) == 0


@pytest.mark.parametrize("measure", MEASURES)
@given(drawn=samples())
def test_both_ways_are_as_far_and_none_is_negative(measure, drawn):
    one, other, line = drawn
    found = value(measure, one, other, line)
    assert found == pytest.approx(value(measure, other, one, line), abs=1e-12)
    assert found >= 0
    assert math.isfinite(found)
    if measure in BOUNDED:
        assert found <= 1 + 1e-12


@pytest.mark.parametrize("measure", MEASURES)
@given(drawn=samples(), times=st.integers(1, 9))
def test_equal_shares_are_no_distance_and_others_are_one(measure, drawn, times):
    one, other, line = drawn
    again = one if measure == "psi" else one * times
    assert value(measure, one, again, line) == pytest.approx(0, abs=1e-7)
    assume(np.abs(shares(one, measure) - shares(other, measure)).max() > 1e-6)
    assert value(measure, one, other, line) > 1e-9


@pytest.mark.parametrize("measure", [each for each in MEASURES if each != "psi"])
@given(drawn=samples(3))
def test_a_detour_is_never_shorter(measure, drawn):
    one, other, third, line = drawn
    there = value(measure, one, other, line) + value(measure, other, third, line)
    assert value(measure, one, third, line) <= there + 1e-9


@pytest.mark.parametrize("measure", BOUNDED)
def test_nothing_in_common_is_one(measure):
    assert value(measure, np.array([5, 0]), np.array([0, 9]), None) == pytest.approx(1)


@pytest.mark.parametrize("measure", MEASURES)
@given(drawn=samples())
def test_many_pairs_at_once_are_each_pair_alone(measure, drawn):
    one, other, line = drawn
    together = FUNCTIONS[measure](
        shares(np.stack([one, other]), measure), shares(np.stack([other, other]), measure), line
    )
    alone = [value(measure, one, other, line), value(measure, other, other, line)]
    np.testing.assert_allclose(together, alone, atol=1e-12)


@given(st.lists(st.integers(-40, 40).map(lambda x: x / 4), min_size=2, max_size=200), st.data())
def test_binned_kolmogorov_smirnov_is_below_that_of_the_values_by_at_most_a_bins_share(reference, data):
    current = data.draw(st.lists(st.integers(-60, 60).map(lambda x: x / 4), min_size=2, max_size=200))
    bins = numeric_bins(np.array(reference), wanted=8)
    one, other = (np.bincount(bins.index(np.array(values)), minlength=bins.count) for values in (reference, current))
    binned = value("kolmogorov_smirnov", one, other, None)
    exact = ks_2samp(reference, current, method="asymp").statistic
    assert binned <= exact + 1e-12
    assert exact - binned <= max((one / one.sum()).max(), (other / other.sum()).max()) + 1e-12


@given(st.floats(-3, 3), st.floats(0.2, 5))
def test_wasserstein_of_a_shift_is_the_shift_in_standard_deviations(shift, scale):
    draw = np.random.default_rng(3)
    values = draw.normal(0, scale, 4_000)
    cuts = np.linspace(-6, 6, 600) * scale
    one, other = (
        np.bincount(np.searchsorted(cuts, values + moved, side="right"), minlength=601) for moved in (0, shift * scale)
    )
    line = Line(np.full(600, 12 / 599))
    assert value("wasserstein", one, other, line) == pytest.approx(abs(shift), abs=0.05)


def test_categories_have_no_place_on_a_line():
    with pytest.raises(ValueError, match="categories have no places; use total_variation"):
        FUNCTIONS["wasserstein"](np.array([1.0]), np.array([1.0]), None)
