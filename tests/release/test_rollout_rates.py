"""The evidence on rates is exact at any number of rows, and blind to what changes between intervals."""

import numpy as np
import pytest
from scipy.stats import binom

from stageline.release.rollout import rates
from stageline.release.rollout.arms import counts
from stageline.release.rollout.late_harm import late_harm
from stageline.release.rollout.rates import (
    Counts,
    difference,
    evidence_above,
    evidence_below,
    gains_above,
    own,
    ratio,
)

RATES = np.linspace(0, 1, 21)
LINES = {
    "difference": difference(0.1), "no difference": difference(0.0), "a negative one": difference(-0.1),
    "ratio": ratio(0.25), "own": own(0.2),
}  # fmt: skip


def expectation(line, rows, champion_rows, *, above):
    """Return what an e-value comes to on average, exactly, for all rates in the supposed half of the plane."""
    hits, champion_hits = (each.ravel() for each in np.mgrid[0 : rows + 1, 0 : champion_rows + 1])
    evidence = evidence_above if above else evidence_below
    value = np.exp([
        evidence(counts([(hit, rows, champion_hit, champion_rows)]), line)
        for hit, champion_hit in zip(hits, champion_hits, strict=True)
    ])  # fmt: skip
    found = []
    for champion in RATES:
        for canary in RATES:
            beyond = canary - (line.slope * champion + line.shift)
            if (beyond <= 1e-12) if above else (beyond >= -1e-12):
                chance = binom.pmf(hits, rows, canary) * binom.pmf(champion_hits, champion_rows, champion)
                found.append(float(chance @ value))
    return max(found)


@pytest.mark.parametrize("above", [True, False], ids=["above", "below"])
@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize(("rows", "champion_rows"), [(1, 1), (2, 9), (12, 12), (9, 2)])
def test_no_rates_in_the_supposed_half_let_the_evidence_grow(line, rows, champion_rows, above):
    # The projection is found by halving: what it misses is far below this.
    assert expectation(line, rows, champion_rows, above=above) <= 1 + 1e-9


def test_the_evidence_of_intervals_is_that_of_each_multiplied_bet_by_bet():
    rng = np.random.default_rng(1)
    rows, champion_rows = np.array([40, 7, 90]), np.array([60, 93, 10])
    told = Counts(rng.binomial(rows, 0.3), rows, rng.binomial(champion_rows, 0.2), champion_rows)
    after = evidence_above(told, difference(0.0), each_look=True)
    for place in range(3):
        until = np.arange(3) <= place
        assert float(evidence_above(told.of(until), difference(0.0))) == pytest.approx(after[place])


def coverage(canary, champion, split, *, looks=30, rows=400, tries=400):
    """Return how often the truth is rejected at some look, from below and from above."""
    rng = np.random.default_rng(7)
    ours = np.full(looks, int(rows * split))
    theirs = rows - ours
    told = Counts(
        rng.binomial(ours, canary, (tries, looks)), ours, rng.binomial(theirs, champion, (tries, looks)), theirs
    )
    true = difference(canary - champion)
    return tuple(
        float((evidence(told, true, each_look=True) >= np.log(20)).any(axis=1).mean())
        for evidence in (evidence_above, evidence_below)
    )


@pytest.mark.parametrize(("canary", "champion"), [(0.02, 0.02), (0.03, 0.02), (0.002, 0.001), (0.5, 0.4), (0.0, 0.05)])
@pytest.mark.parametrize("split", [0.05, 0.5])
def test_looking_after_every_interval_errs_in_fewer_than_the_share_agreed(canary, champion, split):
    assert max(coverage(canary, champion, split)) <= 0.05


def test_what_is_larger_is_found():
    told = counts([(40, 1_000, 20, 1_000)] * 4)
    bounds = rates.bounds_of(told, told, difference, 0.02, alphas=(0.05, 0.05), pivots=(0.0, 0.01), ends=(-1.0, 1.0))
    assert 0.005 < bounds.low < 0.02 < bounds.high < 0.035
    assert float(evidence_above(told, difference(bounds.low - 1e-6))) >= np.log(20)
    assert float(evidence_above(told, difference(bounds.low + 1e-3))) < np.log(20)


@pytest.mark.parametrize("dead", [3, 5, 20])
def test_a_few_errors_in_a_row_are_beyond_doubt(dead):
    assert float(evidence_above(counts([(dead, dead, 1, 100)]), difference(0.0025))) > np.log(40)


def test_no_errors_rule_an_increase_of_a_point_out_in_about_five_hundred_rows():
    def against(rows):
        return float(evidence_below(counts([(0, rows, 0, 10 * rows)]), difference(0.01)))

    assert against(300) < np.log(20) < against(550)


def test_a_change_of_level_and_of_the_split_is_no_difference():
    # Ten times the errors by night, when the canary gets most of the rows: pooled, it looks five times as bad.
    day, night = (2, 200, 18, 1_800), (180, 1_800, 20, 200)
    told = counts([day, night] * 20)
    pooled = counts([(20 * 182, 20 * 2_000, 20 * 38, 20 * 2_000)])
    assert float(evidence_above(pooled, difference(0.0))) > 100
    assert float(evidence_above(told, difference(0.0))) < 0
    canary, champion = told.rates
    assert canary == pytest.approx(champion)


def test_the_same_rows_asked_of_both_are_no_finding_either():
    rng = np.random.default_rng(3)
    rows = np.full(40, 300)
    hits = rng.binomial(rows, 0.1, (200, 40))
    told = Counts(hits, rows, hits, rows)
    assert (evidence_above(told, difference(0.0), each_look=True) < np.log(20)).all()


def test_where_no_rate_lies_beyond_the_line_nothing_speaks_against_it():
    assert float(evidence_above(counts([(9, 9, 0, 9)]), own(1.0))) == 0.0


def test_harm_that_begins_late_is_found_and_none_is_seldom_found():
    rng = np.random.default_rng(9)
    looks, tries = 40, 150
    rows, champion_rows = np.full(looks, 50), np.full(looks, 150)
    found = 0
    for _ in range(tries):
        told = Counts(rng.binomial(rows, 0.03), rows, rng.binomial(champion_rows, 0.02), champion_rows)
        gains = list(gains_above(told, difference(0.01)))
        found += any(late_harm(gains[looks - look :]).evidence >= np.log(20) for look in range(1, looks + 1, 3))
    assert found <= 0.05 * tries
    well = counts([(1, 50, 3, 150)] * 300)
    hit = counts([(1, 50, 3, 150)] * 300 + [(40, 50, 3, 150)])
    assert late_harm(gains_above(well, difference(0.01))).evidence < 0
    late = late_harm(gains_above(hit, difference(0.01)))
    assert (late.newest, late.evidence > np.log(1_000)) == (1, True)
    assert float(evidence_above(hit, difference(0.01))) < 0
