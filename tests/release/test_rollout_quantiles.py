"""The evidence on a quantile is exact for values that are alike, whatever their distribution."""

import numpy as np
import pytest
from scipy.special import betaln, gammaln

from stageline.release.rollout.quantiles import Beyond, bounds_of, evidence_above, evidence_below


def chance_of(hits, rows, champion_rows, rank):
    """Return how likely so many values lie beyond the champion's value of that rank, were they alike."""
    choose = gammaln(rows + 1) - gammaln(hits + 1) - gammaln(rows - hits + 1)
    beyond = champion_rows - rank + 1
    return np.exp(choose + betaln(hits + beyond, rows - hits + rank) - betaln(beyond, rank))


@pytest.mark.parametrize(("rows", "champion_rows", "rank"), [(1, 1, 1), (10, 100, 99), (50, 950, 941), (30, 7, 4)])
@pytest.mark.parametrize("evidence", [evidence_above, evidence_below])
def test_of_values_that_are_alike_the_evidence_does_not_grow(rows, champion_rows, rank, evidence):
    hits = np.arange(rows + 1)
    chances = chance_of(hits, rows, champion_rows, rank)
    value = np.exp(evidence(hits[:, None], np.array([rows]), np.array([champion_rows]), np.array([rank])))
    assert chances.sum() == pytest.approx(1)
    assert float(chances @ value) == pytest.approx(1)


def test_the_more_lie_beyond_the_more_speaks_for_harm():
    hits = np.arange(51)[:, None]
    told = np.array([50]), np.array([950]), np.array([941])
    assert (np.diff(evidence_above(hits, *told)) > 0).all()
    assert (np.diff(evidence_below(hits, *told)) < 0).all()


DRAWN = {
    "light": lambda rng, shape: rng.gamma(4, 5, shape),
    "heavy": lambda rng, shape: 10 * (1 + rng.pareto(1.1, shape)),
    "whole milliseconds": lambda rng, shape: np.ceil(rng.gamma(4, 2, shape)),
}


def errs(draw, increase, *, tries=120, looks=10, rows=40, champion_rows=160):
    """Return how often a canary that is slower by a factor has it rejected, in either direction, at some look."""
    rng = np.random.default_rng(11)
    low = high = 0
    for _ in range(tries):
        canary = list((1 + increase) * draw(rng, (looks, rows)))
        beyond = Beyond(0.95, canary, list(draw(rng, (looks, champion_rows))))
        told = beyond.rows, *beyond.ranks
        low += bool((evidence_above(beyond.hits(increase), *told, each_look=True) >= np.log(20)).any())
        high += bool((evidence_below(beyond.hits(increase, ties=True), *told, each_look=True) >= np.log(20)).any())
    return low / tries, high / tries


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
@pytest.mark.parametrize("increase", [0.0, 0.5])
def test_looking_after_every_interval_errs_in_fewer_than_the_share_agreed(draw, increase):
    assert max(errs(draw, increase)) <= 0.05


def test_slower_answers_are_bounded_by_their_factor():
    rng = np.random.default_rng(2)
    level = np.exp(np.sin(np.arange(24)))  # by day it is slower for both
    canary = [1.6 * each * rng.gamma(4, 5, 200) for each in level]
    champion = [each * rng.gamma(4, 5, 800) for each in level]
    bounds = bounds_of(Beyond(0.95, canary, champion), alphas=(0.05, 0.05), pivots=(0.125, 0.5))
    assert 0.4 < bounds.low < 0.6 < bounds.high < 0.8
    assert bounds.value == pytest.approx(0.6, abs=0.08)


def test_a_canary_that_is_always_slower_is_found_in_a_hundred_rows():
    rng = np.random.default_rng(4)
    beyond = Beyond(0.99, [30 * rng.gamma(4, 5, 5)], [rng.gamma(4, 5, 100)])
    assert bounds_of(beyond, alphas=(0.01, 0.05), pivots=(0.125, 0.5)).low > 5
