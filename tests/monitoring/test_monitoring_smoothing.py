"""The moving average of the loss and its interval."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.evaluation import Estimate
from stageline.monitoring.losses import judge_loss
from stageline.monitoring.smoothing import smooth
from stageline.verdicts import Verdict

HALF = 1.959963984540054
LOSSES = st.lists(st.floats(-1, 1), min_size=1, max_size=30)
WEIGHTS = st.floats(0.05, 1)


def around(value, deviation):
    return Estimate(value, value - HALF * deviation, value + HALF * deviation)


@given(LOSSES, WEIGHTS, st.floats(0.01, 0.5))
def test_it_is_the_recursion_of_roberts(values, weight, deviation):
    found = smooth([around(value, deviation) for value in values], weight)
    by_hand, variance = values[0], deviation**2
    for value in values[1:]:
        by_hand = weight * value + (1 - weight) * by_hand
        variance = weight**2 * deviation**2 + (1 - weight) ** 2 * variance
    assert found.value == pytest.approx(by_hand)
    assert (found.high - found.low) / 2 / HALF == pytest.approx(math.sqrt(variance))
    assert found.windows == len(values)


@given(LOSSES, WEIGHTS, st.floats(0.01, 0.5))
def test_more_windows_of_one_width_never_widen_it(values, weight, deviation):
    every = [around(value, deviation) for value in values]
    first, last = smooth(every[:1], weight), smooth(every, weight)
    assert last.high - last.low <= first.high - first.low + 1e-9
    assert min(values) - 1e-9 <= last.value <= max(values) + 1e-9


@given(LOSSES, WEIGHTS)
def test_the_newest_alone_counts_with_all_weight(values, weight):
    every = [around(value, 0.1) for value in values]
    assert smooth(every, 1.0).value == pytest.approx(values[-1])
    assert smooth(every[-1:], weight).value == pytest.approx(values[-1])


@given(LOSSES, WEIGHTS, st.data())
def test_a_missing_window_is_skipped(values, weight, data):
    every = [around(value, 0.1) for value in values]
    holes = list(every)
    for _ in range(3):
        hole = data.draw(st.sampled_from([None, Estimate(0.5, None, None), Estimate(math.nan, 0.0, 1.0)]))
        holes.insert(data.draw(st.integers(0, len(holes))), hole)
    assert smooth(holes, weight) == smooth(every, weight)


def test_of_nothing_there_is_none():
    assert smooth([], 0.3) is None
    assert smooth([None, Estimate(1.0, None, None)], 0.3) is None


@given(LOSSES, WEIGHTS, st.floats(0.01, 0.5))
def test_what_all_windows_have_in_common_does_not_average_out(values, weight, deviation):
    found = smooth([around(value, deviation) for value in values], weight, shared=deviation)
    assert (found.high - found.low) / 2 / HALF == pytest.approx(deviation)


def test_a_loss_that_no_window_shows_is_found_and_none_is_not_invented():
    rng = np.random.default_rng(5)

    def ends(loss):
        found = {"alone": 0, "smoothed": 0}
        for _ in range(200):
            windows = [around(value, 0.05) for value in rng.normal(loss, 0.05, 12)]
            found["alone"] += judge_loss(windows[-1], 0.1) is Verdict.FAILED
            found["smoothed"] += judge_loss(smooth(windows, 0.2).estimate, 0.1) is Verdict.FAILED
        return {name: count / 200 for name, count in found.items()}

    small = ends(0.17)
    assert small["alone"] < 0.5
    assert small["smoothed"] > 0.95
    assert ends(0.0) == {"alone": 0, "smoothed": 0}
    # At the limit itself, one in forty.
    assert ends(0.1)["smoothed"] <= 0.06
