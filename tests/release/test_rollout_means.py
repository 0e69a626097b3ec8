"""Means of losses, also of heavy tails and few rows: errs seldom in either direction, and sees the stated effect."""

import math

import numpy as np
import pytest

from stageline.release.rollout import means
from stageline.release.rollout.means import Moments, evidence_of_less, evidence_of_more, moments

DRAWN = {
    "light": lambda rng, shape: np.abs(rng.normal(size=shape)),
    "lognormal": lambda rng, shape: np.exp(rng.normal(size=shape)),
    "Pareto": lambda rng, shape: rng.pareto(2.5, shape),
}
LIMIT, BORNE = 0.3, 0.075


def simulated(draw, increase, rows, champion_rows, *, tries=300, looks=25, level=None):
    """Return whether harm was shown, and whether it was ruled out, at any look; the level differs by interval."""
    rng = np.random.default_rng(13)
    height = np.ones(looks) if level is None else level
    canary = (1 + increase) * height[:, None] * draw(rng, (tries, looks, rows))
    champion = height[:, None] * draw(rng, (tries, looks, champion_rows))
    weight = rows * champion_rows / (rows + champion_rows)
    scatter, champion_scatter = weight**2 * canary.var(axis=2, ddof=1), weight**2 * champion.var(axis=2, ddof=1)
    parts = (
        np.full((tries, looks), weight), weight * canary.mean(axis=2), weight * champion.mean(axis=2),
        scatter / rows, champion_scatter / champion_rows, champion_scatter / rows, scatter / champion_rows,
    )  # fmt: skip
    told = Moments(*(np.cumsum(part, axis=1) for part in parts))
    enough = np.arange(1, looks + 1) * min(rows, champion_rows) >= 100
    more = (evidence_of_more(told, BORNE, LIMIT - BORNE) >= math.log(40)) & enough
    less = (evidence_of_less(told, LIMIT, LIMIT) >= math.log(20)) & enough
    return more.any(axis=1).mean(), less.any(axis=1).mean()


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
@pytest.mark.parametrize(("rows", "champion_rows"), [(10, 190), (100, 100), (190, 10)])
def test_looking_after_every_interval_errs_in_fewer_than_the_share_agreed(draw, rows, champion_rows):
    assert simulated(draw, BORNE, rows, champion_rows)[0] <= 0.025
    assert simulated(draw, LIMIT, rows, champion_rows)[1] <= 0.05


def test_the_stated_effect_is_seen_and_its_absence_too():
    assert simulated(DRAWN["lognormal"], LIMIT, 200, 200)[0] >= 0.95
    assert simulated(DRAWN["lognormal"], 0.0, 200, 200)[1] >= 0.95


def test_a_level_that_changes_over_the_day_errs_as_seldom():
    level = np.exp(np.sin(np.arange(25) / 4))
    assert simulated(DRAWN["lognormal"], BORNE, 20, 180, level=level)[0] <= 0.025
    assert simulated(DRAWN["lognormal"], LIMIT, 20, 180, level=level)[1] <= 0.05


def test_sums_of_blocks_are_weighted_by_their_rows():
    rng = np.random.default_rng(5)
    canary, champion = [rng.gamma(2, 1, 40), rng.gamma(2, 1, 10)], [rng.gamma(2, 1, 60), rng.gamma(2, 1, 90)]
    told = moments(canary, champion)
    assert told.weight == pytest.approx(24 + 9)
    assert told.canary == pytest.approx(24 * canary[0].mean() + 9 * canary[1].mean())
    assert told.noise == pytest.approx(24**2 * canary[0].var(ddof=1) / 40 + 9**2 * canary[1].var(ddof=1) / 10)
    assert told.lent == pytest.approx(24**2 * champion[0].var(ddof=1) / 40 + 9**2 * champion[1].var(ddof=1) / 10)


def test_bounds_hold_the_true_ratio():
    rng = np.random.default_rng(6)
    told = moments([1.25 * rng.gamma(2, 1, 400) for _ in range(8)], [rng.gamma(2, 1, 400) for _ in range(8)])
    bounds = means.bounds_of(told, alphas=(0.05, 0.05), pivots=(0.05, 0.2), effects=(0.15, 0.2))
    assert 0.1 < bounds.low < 0.25 < bounds.high < 0.4


def test_rows_that_are_all_the_same_say_nothing_asymptotic():
    told = moments([np.ones(50)], [np.ones(50)])
    assert float(evidence_of_less(told, 0.2, 0.2)) == 0.0
    assert float(evidence_of_more(told, 0.2, 0.2)) == 0.0
