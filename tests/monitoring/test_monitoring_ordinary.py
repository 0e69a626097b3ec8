import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from stageline.monitoring.distance import Distance
from stageline.monitoring.ordinary import LEAST_WINDOWS, excess, ordinary_limit

DISTANCES = st.lists(st.floats(0, 2), min_size=LEAST_WINDOWS, max_size=70)


@given(st.lists(st.floats(0, 2), max_size=LEAST_WINDOWS - 1))
def test_fewer_than_eight_windows_tell_nothing(distances):
    assert ordinary_limit(distances) is None


@given(DISTANCES)
def test_the_limit_is_the_upper_bound_for_one_more_and_holds_all_seen(distances):
    count = len(distances)
    expected = np.mean(distances) + t.ppf(0.99, count - 1) * np.std(distances, ddof=1) * math.sqrt(1 + 1 / count)
    limit = ordinary_limit(distances)
    assert limit >= max(distances)
    assert limit == pytest.approx(max(expected, *distances), rel=2e-4)


def test_one_more_window_of_the_same_kind_is_seldom_above():
    draw = np.random.default_rng(0)
    above = [draw.normal(0.2, 0.05) > ordinary_limit(draw.normal(0.2, 0.05, 20).tolist()) for _ in range(3_000)]
    assert np.mean(above) <= 0.015


@given(st.floats(0, 1), st.floats(0, 1), st.floats(1e-6, 1))
def test_the_chance_of_an_excess_is_the_normal_one(value, limit, error):
    found = excess(Distance(value, 0, 1, error), limit)
    assert found == pytest.approx(norm.sf((value - limit) / error), rel=1e-9, abs=1e-300)


def test_without_error_only_more_is_an_excess():
    assert [excess(Distance(value, value, value, 0.0), 0.1) for value in (0.05, 0.1, 0.2)] == [1.0, 1.0, 0.0]
