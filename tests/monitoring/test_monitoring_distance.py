import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.monitoring.distance import distance
from stageline.monitoring.measures import MEASURES, Line

COUNTS = st.lists(st.integers(0, 3_000), min_size=2, max_size=25)


def line(measure, bins):
    return Line(np.full(bins - 1, 0.3)) if measure == "wasserstein" else None


@pytest.mark.parametrize("measure", MEASURES)
@given(data=st.data())
def test_bounds_hold_the_value_and_none_is_negative(measure, data):
    reference = np.array(data.draw(COUNTS))
    current = np.array(data.draw(st.lists(st.integers(0, 300), min_size=len(reference), max_size=len(reference))))
    found = distance(reference, current, measure, line(measure, len(reference)))
    if not reference.any() or not current.any():
        assert found is None
        return
    assert 0 <= found.low <= found.value <= found.high
    assert found.error >= 0
    assert math.isfinite(found.high)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("empty", [0, 1])
def test_a_sample_without_rows_has_no_distance(measure, empty):
    pair = [np.array([3, 4, 5]), np.array([1, 2, 3])]
    pair[empty] = np.zeros(3, np.int64)
    assert distance(*pair, measure, line(measure, 3)) is None


@pytest.mark.parametrize("measure", MEASURES)
def test_the_same_counts_give_the_same_bounds_and_another_seed_nearly(measure):
    reference, current = np.array([4_000, 3_000, 3_000]), np.array([300, 400, 300])
    found = distance(reference, current, measure, line(measure, 3))
    assert found == distance(reference, current, measure, line(measure, 3))
    others = [distance(reference, current, measure, line(measure, 3), seed=seed) for seed in range(1, 9)]
    assert len({other.value for other in others}) > 1
    assert all(abs(other.value - found.value) < found.error for other in others)


@pytest.mark.parametrize("measure", MEASURES)
def test_bins_empty_in_both_change_nothing(measure):
    reference, current = np.array([40_000, 30_000, 30_000]), np.array([300, 400, 300])
    wide = np.array([0, 0.5, 1.5])
    thin = None if measure != "wasserstein" else Line(np.diff(wide))
    spread = None if measure != "wasserstein" else Line(np.array([0.25, 0.25, 0.5, 0.5, 1.0]))
    padded = [np.array([counts[0], 0, counts[1], 0, counts[2], 0]) for counts in (reference, current)]
    assert distance(*padded, measure, spread) == distance(reference, current, measure, thin)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("rows", [60, 300, 3_000])
def test_samples_of_one_distribution_are_nearly_no_distance_whatever_their_size(measure, rows):
    draw = np.random.default_rng(rows)
    chances = np.full(22, 1 / 22)
    # The places of 22 equal bins deviate by one.
    places = Line(np.full(21, 1 / np.arange(22).std())) if measure == "wasserstein" else None
    found = [
        distance(draw.multinomial(50_000, chances), draw.multinomial(rows, chances), measure, places, seed=seed)
        for seed in range(60)
    ]
    # Without the correction, 60 rows in 22 bins are 0.3 apart.
    assert np.median([each.value for each in found]) < 0.08
    assert np.mean([each.low > 0.1 for each in found]) <= 0.05


@pytest.mark.parametrize("measure", ["jensen_shannon", "kolmogorov_smirnov", "total_variation", "wasserstein"])
def test_bounds_hold_the_true_distance_about_as_often_as_they_say(measure):
    draw = np.random.default_rng(1)
    p, q = np.full(10, 0.1), np.linspace(0.04, 0.16, 10)
    truth = distance(
        np.round(p * 10**9).astype(int), np.round(q * 10**9).astype(int), measure, line(measure, 10)
    ).value  # fmt: skip
    held = 0
    for _ in range(200):
        found = distance(draw.multinomial(20_000, p), draw.multinomial(800, q), measure, line(measure, 10))
        held += found.low <= truth <= found.high
    assert 0.8 <= held / 200 <= 0.98


def test_the_more_rows_the_narrower():
    reference = np.full(10, 100_000)
    widths = [
        (found.high - found.low)
        for rows in (10, 100, 1_000)
        for found in [distance(reference, np.arange(1, 11) * rows, "jensen_shannon")]
    ]
    assert widths[0] > 2 * widths[1] > 4 * widths[2]


def test_one_large_bin_leaves_none_that_count_for_nothing():
    # Joining so few rows' bins used to number those after a large one with gaps: PSI counted them.
    reference, current = np.array([100, 9_800, 50, 50]), np.array([1, 10, 0, 1])
    reference = np.concatenate([reference, [1] * 10])
    current = np.concatenate([current, [0] * 10])
    tiny = distance(reference, current * 10**6, "psi")
    joined = distance(reference * 10**3, current, "psi")
    assert joined.value <= tiny.high


def test_a_distance_that_is_not_finite_is_none():
    far = Line(np.array([math.inf, 1.0]))
    assert distance(np.array([5, 5, 5]), np.array([5, 0, 9]), "wasserstein", far) is None
