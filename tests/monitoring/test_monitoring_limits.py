"""Findings that have a limit to exceed: what the rest of the columns may and may not change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from stageline.monitoring.discovery import discoveries, discoveries_above
from stageline.monitoring.ordinary import LEAST_WINDOWS, ordinary_limit

ASKED = st.one_of(st.floats(0, 0.5), st.floats(0, 0.02), st.sampled_from([0.0, 0.5, 0.05, 0.01]))
BELOW = st.floats(0.5, 1, exclude_min=True)


@given(st.lists(ASKED, max_size=20), st.lists(BELOW, max_size=50))
def test_what_is_far_below_its_limit_makes_no_other_harder_to_prove(asked, below):
    found = discoveries_above([*asked, *below], [1.0] * (len(asked) + len(below)))
    assert found[: len(asked)] == discoveries([chance * 2 for chance in asked], [1.0] * len(asked))
    assert not any(found[len(asked) :])


@pytest.mark.parametrize("at_their_limits", [1, 5, 40])
def test_columns_at_their_limits_are_seldom_above(at_their_limits):
    draw = np.random.default_rng(at_their_limits)
    weights = [1.0] * (at_their_limits + 10)
    runs = [any(discoveries_above([*draw.random(at_their_limits), *[1.0] * 10], weights)) for _ in range(4_000)]
    assert np.mean(runs) <= 0.06


@given(st.lists(st.floats(0, 2), min_size=LEAST_WINDOWS, max_size=70), st.integers(1, 100))
def test_more_columns_share_what_is_left_to_chance(distances, columns):
    count = len(distances)
    margin = t.isf(0.01 / columns, count - 1) * np.std(distances, ddof=1) * (1 + 1 / count) ** 0.5
    expected = np.mean(distances) + margin
    assert ordinary_limit(distances, columns) == pytest.approx(max(expected, *distances), rel=4e-3)
