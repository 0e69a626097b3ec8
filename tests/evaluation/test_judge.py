import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_specs import spec_of

from stageline.evaluation import Estimate, Evaluation, Improvement, MetricEstimates, judge_evaluation, value_sentence
from stageline.evaluation.wording import MIN_HOLDOUT
from stageline.training import BASELINES
from stageline.verdicts import Report, Severity, Verdict

LESS, MORE = "mean_absolute_error", "r2_score"
BETTER, WORSE, UNSURE = Estimate(5, 4, 6), Estimate(-5, -6, -4), Estimate(1, -1, 3)
NAN = Estimate(math.nan, None, None)


def judge(model, *, metric=LESS, goal=60.0, dummy=BETTER, linear=BETTER, n=500):
    more = metric == MORE
    evaluation = Evaluation(
        n=n,
        resampled="60 whole days",
        metrics=(MetricEstimates(metric, more, {"model": model}),),
        improvements=(Improvement("dummy", dummy, None), Improvement("linear", linear, None)),
    )
    kpi = spec_of(kpi={"metric": metric, "min" if more else "max": goal}).kpi
    return judge_evaluation(evaluation, kpi, BASELINES)


def one(code, *arguments, **options):
    return next(check for check in judge(*arguments, **options) if check.code == code)


@pytest.mark.parametrize(
    ("model", "options", "verdict", "message"),
    [
        pytest.param(
            Estimate(61.2, 59, 63),
            {},
            "failed",
            "mean_absolute_error 61.2 (95 % interval 59 to 63) misses the goal max = 60 (n = 500)",
            id="misses",
        ),
        pytest.param(
            Estimate(50, 45, 55),
            {},
            "passed",
            "mean_absolute_error 50 (95 % interval 45 to 55) meets the goal max = 60 (n = 500)",
            id="meets",
        ),
        pytest.param(
            Estimate(58, 55, 61),
            {},
            "warned",
            "mean_absolute_error 58 (95 % interval 55 to 61) meets the goal max = 60, but its interval reaches beyond "
            "it (n = 500)",
            id="meets, not surely",
        ),
        pytest.param(
            Estimate(60, 60, 60),
            {},
            "passed",
            "mean_absolute_error 60 (95 % interval 60 to 60) meets",
            id="exactly",
        ),
        pytest.param(
            Estimate(60.02, 59.99, 60.03),
            {},
            "failed",
            "mean_absolute_error 60.02 (95 % interval 59.99 to 60.03) misses the goal max = 60",
            id="misses by a hair",
        ),
        pytest.param(
            Estimate(1, 1, 1),
            {"n": MIN_HOLDOUT - 1},
            "inconclusive",
            "mean_absolute_error 1 (95 % interval 1 to 1) cannot be judged against max = 60: the holdout has 29 rows, "
            "at least 30 are needed",
            id="too few rows",
        ),
        pytest.param(Estimate(1, 1, 1), {"n": MIN_HOLDOUT}, "passed", "(n = 30)", id="just enough rows"),
        pytest.param(
            NAN,
            {},
            "inconclusive",
            "mean_absolute_error cannot be judged against max = 60: it is not defined on the holdout",
            id="undefined",
        ),
        pytest.param(
            Estimate(1, None, None),
            {},
            "inconclusive",
            "mean_absolute_error 1 cannot be judged against max = 60: it is not defined on most resamples of the "
            "holdout",
            id="no interval",
        ),
        pytest.param(
            Estimate(0.91, 0.85, 0.95),
            {"metric": MORE, "goal": 0.9},
            "warned",
            "r2_score 0.91 (95 % interval 0.85 to 0.95) meets the goal min = 0.9, but its interval",
            id="more: unsure",
        ),
        pytest.param(
            Estimate(0.95, 0.92, 0.97),
            {"metric": MORE, "goal": 0.9},
            "passed",
            "meets the goal min = 0.9 (n",
            id="more",
        ),
        pytest.param(
            Estimate(0.8996, 0.88, 0.92),
            {"metric": MORE, "goal": 0.9},
            "failed",
            "r2_score 0.8996 (95 % interval 0.88 to 0.92) misses the goal min = 0.9",
            id="more: misses by a hair",
        ),
        pytest.param(
            Estimate(-math.inf, None, None),
            {"metric": MORE, "goal": 0.9},
            "inconclusive",
            "r2_score cannot be judged against min = 0.9: it is not defined",
            id="more: infinite",
        ),
        pytest.param(
            Estimate(1_234_567.8, 1_200_000, 1_300_000),
            {"goal": 1_500_000.5},
            "passed",
            "mean_absolute_error 1,234,568 (95 % interval 1,200,000 to 1,300,000) meets the goal max = 1,500,000.5",
            id="large numbers",
        ),
        pytest.param(
            Estimate(0.000123, 0.0001, 0.0002),
            {"goal": 0.001},
            "passed",
            "mean_absolute_error 0.000123 (95 % interval 0.0001 to 0.0002) meets the goal max = 0.001",
            id="small numbers",
        ),
        pytest.param(
            Estimate(999.9, 990, 1010),
            {"goal": 5000},
            "passed",
            "mean_absolute_error 1,000 (95 % interval 990 to 1,010) meets the goal max = 5,000",
            id="no exponents",
        ),
    ],
)
def test_e001_the_goal(model, options, verdict, message):
    check = one("SL-E001", model, **options)
    assert check.verdict == verdict
    assert message in check.message
    assert check.severity is Severity.CRITICAL
    assert (check.limit, check.n) == (options.get("goal", 60.0), options.get("n", 500))
    assert check.value == (model.value if math.isfinite(model.value) else None)


@pytest.mark.parametrize(
    "baseline",
    [("SL-E002", "dummy", "dummy baseline", "critical"), ("SL-E003", "linear", "linear baseline", "warning")],
)
@pytest.mark.parametrize(
    ("estimate", "n", "verdict", "message"),
    [
        (BETTER, 500, "passed", "it beats the {} by 5 (95 % interval 4 to 6)"),
        (WORSE, 500, "failed", "the {} is better by 5 (95 % interval 4 to 6)"),
        (
            UNSURE,
            500,
            "inconclusive",
            "it is not shown to beat the {}: the difference of 1 (95 % interval -1 to 3) includes zero",
        ),
        (
            Estimate(0, 0, 0),
            500,
            "inconclusive",
            "it is not shown to beat the {}: the difference of 0 (95 % interval 0 to 0) includes zero",
        ),
        (Estimate(5, 0, 6), 500, "inconclusive", "includes zero"),
        (Estimate(1e-9, 1e-10, 1e-8), 500, "passed", "it beats the {} by 1e-09 (95 % interval 1e-10 to 1e-08)"),
        (
            BETTER,
            29,
            "inconclusive",
            "the difference from the {} cannot be judged: the holdout has 29 rows, at least 30 are needed",
        ),
        (NAN, 500, "inconclusive", "the difference from the {} cannot be judged: it is not defined on the holdout"),
        (
            Estimate(5, None, None),
            500,
            "inconclusive",
            "the difference from the {} cannot be judged: it is not defined on most resamples of the holdout",
        ),
    ],
)
def test_e002_and_e003_the_baselines(baseline, estimate, n, verdict, message):
    code, over, called, severity = baseline
    check = one(code, Estimate(1, 1, 1), n=n, **{over: estimate})
    assert check.verdict == verdict
    assert message.format(called) in check.message
    # What could not be measured holds, even where what was measured would only warn.
    assert check.severity == ("critical" if "cannot be judged" in message else severity)
    assert (check.name, check.limit) == (f"beats({called})", 0.0)


GOOD = Estimate(50, 45, 55)
LINE = "; it beats the linear baseline by 5 (95 % interval 4 to 6)."


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {},
            "There is value: mean_absolute_error 50 (95 % interval 45 to 55) meets the goal max = 60 (n = 500)" + LINE,
        ),
        (
            {"model": Estimate(58, 55, 61)},
            "There is value: mean_absolute_error 58 (95 % interval 55 to 61) meets the goal max = 60, but its interval "
            "reaches beyond it (n = 500)" + LINE,
        ),
        (
            {"linear": WORSE},
            "There is value: mean_absolute_error 50 (95 % interval 45 to 55) meets the goal max = 60 (n = 500); "
            "however, the linear baseline is better by 5 (95 % interval 4 to 6).",
        ),
        (
            {"linear": UNSURE},
            "There is value: mean_absolute_error 50 (95 % interval 45 to 55) meets the goal max = 60 (n = 500); "
            "however, it is not shown to beat the linear baseline: the difference of 1 (95 % interval -1 to 3) "
            "includes zero.",
        ),
        (
            {"model": Estimate(70, 65, 75)},
            "No value yet: mean_absolute_error 70 (95 % interval 65 to 75) misses the goal max = 60 (n = 500).",
        ),
        ({"dummy": WORSE}, "No value yet: the dummy baseline is better by 5 (95 % interval 4 to 6)."),
        (
            {"model": Estimate(70, 65, 75), "dummy": UNSURE},
            "No value yet: mean_absolute_error 70 (95 % interval 65 to 75) misses the goal max = 60 (n = 500).",
        ),
        (
            {"model": NAN, "dummy": WORSE},
            "No value yet: the dummy baseline is better by 5 (95 % interval 4 to 6).",
        ),
        (
            {"dummy": UNSURE},
            "Value is not shown yet: it is not shown to beat the dummy baseline: the difference of 1 (95 % interval "
            "-1 to 3) includes zero.",
        ),
        (
            {"n": 10},
            "Value is not shown yet: mean_absolute_error 50 (95 % interval 45 to 55) cannot be judged against max = 60: "
            "the holdout has 10 rows, at least 30 are needed.",
        ),
        (
            {"model": NAN},
            "Value is not shown yet: mean_absolute_error cannot be judged against max = 60: it is not defined on the "
            "holdout.",
        ),
    ],
)
def test_the_answer_is_one_readable_sentence(options, sentence):
    assert value_sentence(judge(**{"model": GOOD, **options})) == sentence


NUMBERS = st.floats() | st.floats(-100, 100)
ESTIMATES = st.builds(Estimate, NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS)


@given(st.tuples(*[ESTIMATES] * 3), st.integers(0, 100), st.floats(-100, 100), st.sampled_from([LESS, MORE]))
def test_nothing_passes_on_a_number_that_is_not_finite_or_on_few_rows(estimates, n, goal, metric):
    model, dummy, linear = estimates
    checks = judge(model, dummy=dummy, linear=linear, n=n, goal=goal, metric=metric)
    for check, estimate in zip(checks, (model, dummy, linear), strict=True):
        if n < MIN_HOLDOUT or not math.isfinite(estimate.value) or estimate.low is None or estimate.high is None:
            assert check.verdict is Verdict.INCONCLUSIVE
    assert value_sentence(checks)
    if n < MIN_HOLDOUT:
        assert not Report(step="evaluate", checks=checks).verdict.advances


@given(st.floats(-100, 100), st.floats(-100, 100), st.sampled_from([LESS, MORE]))
def test_what_a_message_says_of_a_number_is_what_it_shows(value, goal, metric):
    check = one("SL-E001", Estimate(value, value, value), goal=goal, metric=metric)
    shown = float(check.message.split()[1].replace(",", ""))
    if metric == LESS:
        assert (shown <= check.limit) == (check.verdict is Verdict.PASSED)
    else:
        assert (shown >= check.limit) == (check.verdict is Verdict.PASSED)
