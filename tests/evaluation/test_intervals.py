import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stageline.evaluation import blocks_of
from stageline.evaluation.bootstrap import percentile_interval, replicate, resample

HOUR, DAY = 3_600, 86_400


def interval(errors, blocks, seed=0):
    """Return the interval of the mean of absolute errors."""
    sizes = np.abs(errors)
    replicates = replicate(lambda weights: float(weights @ sizes / weights.sum()), resample(blocks, seed=seed))
    return percentile_interval(float(sizes.mean()), replicates)


@pytest.mark.parametrize(
    ("seconds", "count", "what"),
    [
        (np.arange(20 * 7 * 24) * HOUR, 21, "whole weeks"),  # 1970 began on a Thursday, but so do our weeks
        (np.arange(30 * 24) * HOUR, 30, "whole days"),
        (np.arange(50) * HOUR, 50, "whole hours"),
        (np.arange(600) * 60, 600, "single rows"),
        (np.zeros(50), 50, "single rows"),
        (None, 50, "single rows"),
    ],
)
def test_blocks_are_the_longest_period_of_which_there_are_enough(seconds, count, what):
    rows = 50 if seconds is None else len(seconds)
    blocks = blocks_of(rows, seconds)
    assert (blocks.what, len(blocks.ids)) == (what, rows)
    assert blocks.count == (20 if what == "whole weeks" else count)
    assert set(blocks.ids.tolist()) == set(range(blocks.count))


def test_days_before_1970_are_days():
    blocks = blocks_of(48, np.arange(-24, 24) * HOUR - 30 * DAY)
    assert blocks.what == "whole hours"
    blocks = blocks_of(40 * 24, np.arange(-20 * 24, 20 * 24) * HOUR)
    assert (blocks.count, blocks.what) == (40, "whole days")
    assert all(len(set(blocks.ids[day * 24 : day * 24 + 24].tolist())) == 1 for day in range(40))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_a_resample_draws_as_many_blocks_as_there_are_each_as_a_whole(days, seed):
    blocks = blocks_of(len(days), np.array(days) * DAY)
    weights = next(resample(blocks, seed=seed))
    assert weights.shape == (len(days),)
    one_each = {int(block): weight for block, weight in zip(blocks.ids, weights, strict=True)}
    assert all(weights[i] == one_each[int(blocks.ids[i])] for i in range(len(days)))
    assert sum(one_each.values()) == blocks.count


def test_the_seed_decides():
    blocks = blocks_of(100, None)
    errors = np.random.default_rng(0).normal(size=100)
    assert interval(errors, blocks) == interval(errors, blocks)
    assert interval(errors, blocks) != interval(errors, blocks, seed=1)


@pytest.mark.parametrize(("rows", "samples"), [(10, 1_000), (20_000, 1_000), (50_000, 400), (1_000_000, 200)])
def test_more_rows_are_resampled_less_often_but_never_too_rarely(rows, samples, monkeypatch):
    monkeypatch.setattr(np, "bincount", lambda drawn, minlength: np.zeros(1))
    blocks = blocks_of(1, None)
    counted = type(blocks)(np.broadcast_to(np.zeros(1, dtype=int), (rows,)), 1, "single rows")
    assert sum(1 for _ in resample(counted, seed=0)) == samples


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    rng, rows, experiments = np.random.default_rng(7), 150, 200
    truth = math.sqrt(2 / math.pi)  # mean of the absolute value of a standard normal
    blocks = blocks_of(rows, None)
    found = [interval(rng.normal(size=rows), blocks, seed=seed) for seed in range(experiments)]
    covered = sum(each.low <= truth <= each.high for each in found)
    # 95 % of 200 is 190, give or take 3.1; a percentile interval covers slightly less.
    assert 178 <= covered <= 198


def test_blocks_of_days_give_wider_intervals_where_errors_of_a_day_resemble_each_other():
    rng, days = np.random.default_rng(0), 60
    seconds = np.arange(days * 24) * HOUR
    alike = np.repeat(rng.normal(size=days), 24) + rng.normal(size=days * 24) * 0.1
    by_row, by_day = interval(alike, blocks_of(len(alike), None)), interval(alike, blocks_of(len(alike), seconds))
    assert by_day.high - by_day.low > 3 * (by_row.high - by_row.low)


def test_blocks_of_days_change_little_where_errors_are_independent():
    rng, days = np.random.default_rng(0), 60
    errors = rng.normal(size=days * 24)
    by_row = interval(errors, blocks_of(len(errors), None))
    by_day = interval(errors, blocks_of(len(errors), np.arange(days * 24) * HOUR))
    assert 0.6 < (by_day.high - by_day.low) / (by_row.high - by_row.low) < 1.6


def test_where_the_statistic_is_often_undefined_there_is_no_interval():
    values = np.full(100, 1.0)
    values[:6] = np.nan
    assert percentile_interval(1.0, values).low is None
    values[:5] = 1.0
    assert percentile_interval(1.0, values).low == 1.0
    assert percentile_interval(math.nan, np.full(100, np.nan)).high is None


def test_an_undefined_resample_is_no_error():
    def undefined(weights):
        raise ValueError("one class only")

    assert np.isnan(replicate(undefined, iter([np.ones(3)] * 4))).all()
