"""What an evaluation means: each check fires, is quiet, or is inconclusive."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.evaluation import Estimate, Evaluation, Improvement, MetricEstimates, judge_evaluation, value_sentence
from stageline.evaluation.judge import MIN_HOLDOUT
from stageline.spec.metrics import METRICS
from stageline.spec.models import Kpi

BASELINES = {"dummy": "dummy baseline", "linear": "linear baseline"}
BETTER, WORSE, UNCLEAR = Estimate(5.0, 3.0, 7.0), Estimate(-5.0, -7.0, -3.0), Estimate(1.0, -1.0, 3.0)


def judge(model, *, metric="mean_absolute_error", goal=60.0, n=1_000, dummy=BETTER, linear=BETTER):
    more = METRICS[metric].greater_is_better
    evaluation = Evaluation(
        n=n,
        resampled="40 whole days",
        metrics=(MetricEstimates(metric, more, {"model": model}),),
        improvements=(Improvement("dummy", dummy, 0.5), Improvement("linear", linear, 0.2)),
    )
    return judge_evaluation(evaluation, Kpi(metric=metric, **{"min" if more else "max": goal}), BASELINES)


def verdicts(checks):
    return {check.code: check.verdict.value for check in checks}


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        (Estimate(50.0, 45.0, 55.0), "passed"),
        (Estimate(50.0, 45.0, 65.0), "warned"),
        (Estimate(70.0, 55.0, 80.0), "failed"),
        (Estimate(60.0, 50.0, 60.0), "passed"),
        (Estimate(math.nan, None, None), "inconclusive"),
        (Estimate(math.inf, 1.0, 2.0), "inconclusive"),
        (Estimate(50.0, None, None), "inconclusive"),
    ],
)
def test_a_kpi_where_less_is_better(estimate, verdict):
    assert verdicts(judge(estimate))["SL-E001"] == verdict


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        (Estimate(0.9, 0.85, 0.95), "passed"),
        (Estimate(0.9, 0.75, 0.95), "warned"),
        (Estimate(0.7, 0.6, 0.85), "failed"),
    ],
)
def test_a_kpi_where_more_is_better(estimate, verdict):
    assert verdicts(judge(estimate, metric="roc_auc_score", goal=0.8))["SL-E001"] == verdict


@pytest.mark.parametrize(("over", "code"), [("dummy", "SL-E002"), ("linear", "SL-E003")])
@pytest.mark.parametrize(("difference", "verdict"), [(BETTER, "passed"), (WORSE, "failed"), (UNCLEAR, "inconclusive")])
def test_a_difference_counts_only_outside_its_interval(over, code, difference, verdict):
    checks = judge(Estimate(50.0, 45.0, 55.0), **{over: difference})
    assert verdicts(checks)[code] == verdict


def test_losing_to_a_straight_line_only_warns():
    linear = judge(Estimate(50.0, 45.0, 55.0), linear=WORSE)[2]
    assert linear.effect == "warned"


def test_too_few_rows_decide_nothing():
    checks = judge(Estimate(50.0, 45.0, 55.0), n=MIN_HOLDOUT - 1)
    assert set(verdicts(checks).values()) == {"inconclusive"}
    assert "29 rows, at least 30 are needed" in checks[0].message


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(value=numbers, low=st.none() | numbers, high=st.none() | numbers, n=st.integers(0, 100))
def test_nothing_passes_on_numbers_that_are_not_there(value, low, high, n):
    goal, dummy, _ = judge(Estimate(value, low, high), n=n, dummy=Estimate(value, low, high))
    if n < MIN_HOLDOUT or not math.isfinite(value) or low is None or high is None:
        assert goal.verdict == "inconclusive"
        assert dummy.verdict == "inconclusive"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {},
            (
                "There is value: mean_absolute_error 50 (95 % interval 45 to 55) meets the goal max = 60 (n = 1,000); "
                "it beats the linear baseline by 5 (95 % interval 3 to 7)."
            ),
        ),
        (
            {"linear": UNCLEAR},
            (
                "There is value: mean_absolute_error 50 (95 % interval 45 to 55) meets the goal max = 60 (n = 1,000); "
                "however, it is not shown to beat the linear baseline: the difference of 1 (95 % interval -1 to 3) "
                "includes zero."
            ),
        ),
        (
            {"goal": 40.0},
            "No value yet: mean_absolute_error 50 (95 % interval 45 to 55) misses the goal max = 40 (n = 1,000).",
        ),
        (
            {"dummy": WORSE},
            "No value yet: the dummy baseline is better by 5 (95 % interval 3 to 7).",
        ),
        (
            {"dummy": UNCLEAR},
            (
                "Value is not shown yet: it is not shown to beat the dummy baseline: the difference of 1 "
                "(95 % interval -1 to 3) includes zero."
            ),
        ),
    ],
)
def test_the_answer_is_one_sentence(changes, sentence):
    assert value_sentence(judge(Estimate(50.0, 45.0, 55.0), **changes)) == sentence
