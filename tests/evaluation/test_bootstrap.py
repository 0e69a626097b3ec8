"""Intervals: what is drawn together, how often they hold the truth, and when there are none."""

import numpy as np
import pytest

from stageline.evaluation.bootstrap import blocks_of, percentile_interval, replicate, resample

HOUR, DAY = 3_600, 86_400


@pytest.mark.parametrize(
    ("hours", "what", "count"),
    [(24 * 7 * 30, "whole weeks", 30), (24 * 30, "whole days", 30), (48, "whole hours", 48), (5, "single rows", 5)],
)
def test_the_longest_period_with_twenty_blocks(hours, what, count):
    blocks = blocks_of(hours, np.arange(hours) * HOUR)
    assert (blocks.what, blocks.count) == (what, count)


def test_rows_without_a_time_are_drawn_one_by_one():
    blocks = blocks_of(7, None)
    assert blocks.ids.tolist() == list(range(7))


def test_rows_of_one_day_are_drawn_together():
    blocks = blocks_of(24 * 30, np.arange(24 * 30) * HOUR)
    for weights in list(resample(blocks, seed=0))[:20]:
        days = weights.reshape(30, 24)
        assert (days == days[:, :1]).all()
        assert days[:, 0].sum() == 30


def test_a_seed_gives_the_same_samples():
    blocks = blocks_of(50, None)
    first, again = (np.array(list(resample(blocks, seed=3))) for _ in range(2))
    assert (first == again).all()


def interval(values, blocks):
    def mean(weights):
        return float(np.average(values, weights=weights))

    return percentile_interval(float(values.mean()), replicate(mean, resample(blocks, seed=1)))


def test_about_95_in_100_intervals_hold_the_truth():
    rng = np.random.default_rng(11)
    held = 0
    for _ in range(200):
        found = interval(rng.normal(3.0, 1.0, 60), blocks_of(60, None))
        held += found.low <= 3.0 <= found.high
    assert 176 <= held <= 199  # 88 % to 99.5 %: four standard errors around 95 %, and the bootstrap's known shortfall


def test_whole_days_are_wider_than_single_rows_where_errors_resemble_their_neighbours():
    rng = np.random.default_rng(5)
    daily = np.repeat(rng.normal(size=40), 24) + rng.normal(scale=0.1, size=40 * 24)
    by_day = interval(daily, blocks_of(len(daily), np.arange(len(daily)) * HOUR))
    by_row = interval(daily, blocks_of(len(daily), None))
    assert by_day.high - by_day.low > 2 * (by_row.high - by_row.low)


def test_a_statistic_that_is_mostly_undefined_has_no_interval():
    def never(weights):
        raise ValueError("one class only")

    found = percentile_interval(0.5, replicate(never, resample(blocks_of(10, None), seed=0)))
    assert (found.value, found.low, found.high) == (0.5, None, None)
