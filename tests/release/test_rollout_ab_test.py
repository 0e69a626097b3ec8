"""An A/B test says which model is better, however often one looks, and ends when its time is up."""

import json
import math
from datetime import timedelta

import numpy as np
import pytest
from rollout_cases import BEGAN, HOUR

from stageline.release.rollout import ab_test
from stageline.release.rollout.ab_test import AbResult
from stageline.spec.ab_test import AbTest
from stageline.traffic import Arm, Traffic

WEEK = timedelta(days=7)


def plan(kind="rate", **values):
    outcome = {"column": "came", "kind": kind}
    return AbTest.model_validate({"effect": 0.02, "duration": WEEK, "outcome": outcome, **values})


def compare_outcomes(test, traffic, *, now):
    return ab_test.compare_outcomes(test, traffic, until=BEGAN + test.duration, now=now)


def came(champion, canary, **values):
    """Return an interval with what came of the answers of both arms."""
    arms = (Arm(len(outcomes), outcomes=outcomes) for outcomes in (champion, canary))
    return Traffic(BEGAN, BEGAN + HOUR, 50, *arms, **values)


def rates(champion, canary, *, intervals=20, rows=2_000, seed=0):
    rng = np.random.default_rng(seed)
    return [
        came((rng.random(rows) < champion).astype(float), (rng.random(rows) < canary).astype(float))
        for _ in range(intervals)
    ]


def sales(champion, canary, *, intervals=20, rows=1_000, seed=0):
    rng = np.random.default_rng(seed)
    return [came(rng.gamma(2, champion, rows), rng.gamma(2, canary, rows)) for _ in range(intervals)]


@pytest.mark.parametrize(
    ("canary", "more_is_better", "outcome"),
    [(0.14, True, "better"), (0.06, True, "worse"), (0.14, False, "worse"), (0.06, False, "better"),
     (0.10, True, "no_difference"), (0.105, True, "no_difference")],
)  # fmt: skip
def test_a_rate_is_called_by_its_size(canary, more_is_better, outcome):
    result = compare_outcomes(plan(more_is_better=more_is_better), rates(0.1, canary), now=BEGAN + HOUR)
    assert (result.outcome, result.stop) == (outcome, True)
    assert result.effect.low < canary - 0.1 < result.effect.high


@pytest.mark.parametrize(("canary", "outcome"), [(1.2, "better"), (0.8, "worse"), (1.0, "no_difference")])
def test_a_mean_is_called_as_a_share_of_the_champions(canary, outcome):
    result = compare_outcomes(plan(kind="mean", effect=0.1), sales(1.0, canary), now=BEGAN + HOUR)
    assert (result.outcome, result.stop) == (outcome, True)


def test_until_then_it_goes_on_and_at_the_end_it_stops_undecided():
    few = rates(0.1, 0.12, intervals=1, rows=400)
    before, at_the_end = (compare_outcomes(plan(), few, now=BEGAN + after) for after in (HOUR, WEEK))
    assert (before.outcome, before.stop) == ("undecided", False)
    assert (at_the_end.outcome, at_the_end.stop) == ("undecided", True)


def test_the_sentence_has_the_numbers():
    result = compare_outcomes(plan(), rates(0.1, 0.14), now=BEGAN)
    assert result.sentence == (
        "the canary is better: 14.0 % with the canary and 10.2 % with the champion (n = 40,000 and 40,000), 2.9 to 4.6 "
        "points more"
    )  # fmt: skip


def test_too_few_outcomes_decide_nothing():
    result = compare_outcomes(plan(), rates(0.0, 1.0, intervals=1, rows=40), now=BEGAN)
    assert result.outcome == "undecided"
    assert "min_events = 100" in result.sentence


@pytest.mark.parametrize(
    ("outcomes", "fault"),
    [
        ([], "an arm has no outcomes"),
        ([came(np.ones(50), np.empty(0))], "an arm has no outcomes"),
        ([came(np.ones(50), np.array([1.0, math.nan]))], "1 of 2 outcomes of the canary are not finite"),
        ([came(np.ones(50), np.array([0.5]))], "1 of 1 outcomes of the canary are neither 0 nor 1"),
        ([came(np.array(["a"]), np.ones(5))], "the outcomes of the champion are no numbers in one row"),
    ],
)
def test_odd_outcomes_are_undecided(outcomes, fault):
    result = compare_outcomes(plan(), outcomes, now=BEGAN)
    assert (result.outcome, result.effect) == ("undecided", None)
    assert result.sentence == f"{fault}: nothing is compared"


@pytest.mark.parametrize("kind", ["rate", "mean"])
def test_what_came_of_only_one_arms_answers_is_left_out(kind):
    # At night two of a hundred book, by day thirty, whoever answers; the canary is asked by day alone.
    rng = np.random.default_rng(6)
    traffic = []
    for _ in range(10):
        night, day, tried = ((rng.random(rows) < share).astype(float) for rows, share in
                             [(400, 0.02), (400, 0.3), (100, 0.3)])  # fmt: skip
        traffic += [came(night, np.empty(0)), came(day, tried)]
    result = compare_outcomes(plan(kind=kind), traffic, now=BEGAN)
    assert result.rows == (1_000, 4_000)
    assert result.outcome == "undecided"
    assert result.effect.low < 0 < result.effect.high


def test_outcomes_that_cannot_be_read_are_told_of():
    result = compare_outcomes(plan(), [came(np.empty(0), np.empty(0), outcomes_fault="no file 'x'")], now=BEGAN)
    assert (result.outcome, result.sentence) == ("undecided", "no file 'x': nothing is compared")


@pytest.mark.parametrize("traffic", [rates(0.1, 0.14), rates(0.1, 0.14, intervals=1, rows=5), []])
def test_a_record_gives_back_what_it_was_told(traffic):
    result = compare_outcomes(plan(), traffic, now=BEGAN)
    assert AbResult.of(json.loads(json.dumps(result.evidence, allow_nan=False))) == result


def test_of_a_mean_that_is_not_above_zero_there_is_no_share():
    lost = [came(-np.ones(200), -np.ones(200))]
    assert compare_outcomes(plan(kind="mean"), lost, now=BEGAN).outcome == "undecided"


def test_models_that_are_equally_good_are_seldom_called_different_at_any_look():
    called = 0
    for seed in range(20):
        outcomes = rates(0.1, 0.1, intervals=12, rows=300, seed=seed)
        looks = (compare_outcomes(plan(effect=0.01), outcomes[:until], now=BEGAN) for until in (1, 4, 12))
        called += any(result.outcome in ("better", "worse") for result in looks)
    assert called <= 1
