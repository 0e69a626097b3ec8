import math

import fairlearn.metrics as fm
import numpy as np
import pytest
from pipeline_specs import spec_of

from stageline.evaluation import Estimate, Predictions, blocks_of
from stageline.evaluation import fairness as fairness_room
from stageline.evaluation.fairness import difference_between, groups_of, judge_fairness
from stageline.exceptions import DataError
from stageline.spec.operating import Fairness

RNG = np.random.default_rng(0)
N = 400
SEX = ["f", "m"] * (N // 2)
LABELS = np.where(RNG.random(N) < 0.5, "yes", "no").astype(object)


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    # Fairlearn takes milliseconds for each.
    monkeypatch.setattr(fairness_room, "_RESAMPLES", 30)


def fairness(measure="equalized_odds_difference", most=0.1):
    return Fairness(columns=("sex",), measure=measure, max_difference=most)


def classified(values, names=SEX):
    predictions = Predictions(np.asarray(values, dtype=object), None, ("no", "yes"))
    return groups_of(LABELS, predictions, names, blocks_of(N, None), positive="yes")


def judged(groups, measure, most=0.1):
    return judge_fairness("sex", groups, difference_between(groups, measure, seed=0), fairness(measure, most))


@pytest.mark.parametrize("measure", ["demographic_parity_difference", "equalized_odds_difference"])
def test_the_measure_is_fairlearns(measure):
    guesses = np.where(RNG.random(N) < 0.4, "yes", "no")
    estimate = difference_between(classified(guesses), measure, seed=0)
    own = getattr(fm, measure)(LABELS == "yes", guesses == "yes", sensitive_features=SEX)
    assert estimate.value == pytest.approx(own)
    assert estimate.low <= estimate.high


def test_a_model_that_treats_groups_alike_passes():
    check = judged(classified(LABELS), "equalized_odds_difference")
    assert (check.code, check.verdict, check.n) == ("SL-G004", "passed", N)
    assert (
        check.message
        == "equalized_odds_difference between groups of 'sex' is 0 (95 % interval 0 to 0), within max_difference = 0.1"
    )


def test_one_that_does_not_fails():
    check = judged(classified(np.where(np.asarray(SEX) == "f", "no", LABELS)), "demographic_parity_difference")
    assert check.verdict == "failed"
    assert "above max_difference = 0.1" in check.message


def test_errors_of_a_regression_are_compared_as_a_share():
    truth = np.zeros(N)
    predictions = Predictions(np.where(np.asarray(SEX) == "f", 3.0, 1.0))
    groups = groups_of(truth, predictions, SEX, blocks_of(N, None), positive=None)
    estimate = difference_between(groups, "error_difference", seed=0)
    assert estimate.value == pytest.approx(1.0)
    assert judge_fairness("sex", groups, estimate, fairness("error_difference", 0.2)).verdict == "failed"


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        (Estimate(0.05, 0.01, 0.2), "warned"),
        (Estimate(0.05, 0.01, 0.09), "passed"),
        (Estimate(0.3, 0.01, 0.5), "failed"),
        (Estimate(math.nan, None, None), "inconclusive"),
        (Estimate(0.05, math.nan, 0.06), "inconclusive"),
        (None, "inconclusive"),
    ],
)
def test_what_is_not_shown_to_be_fair_does_not_pass(estimate, verdict):
    assert judge_fairness("sex", classified(LABELS), estimate, fairness()).verdict == verdict


def test_small_groups_are_named_and_warn():
    names = ["rare"] * 10 + SEX[10:]
    groups = classified(LABELS, names)
    check = judged(groups, "equalized_odds_difference")
    assert (check.verdict, check.n) == ("warned", N - 10)
    assert check.message.endswith("not judged, under 30 rows: rare")


def test_three_classes_are_refused():
    predictions = Predictions(LABELS, None, ("a", "b", "c"))
    with pytest.raises(DataError, match="compares two classes, the model knows 3: a, b, c"):
        groups_of(LABELS, predictions, SEX, blocks_of(N, None), positive="a")


def test_a_measure_that_does_not_fit_the_task_is_refused():
    with pytest.raises(ValueError, match="'equalized_odds_difference' does not fit target.task 'regression'"):
        spec_of(gates={"fairness": {"columns": ["sex"], "measure": "equalized_odds_difference", "max_difference": 0.1}})
