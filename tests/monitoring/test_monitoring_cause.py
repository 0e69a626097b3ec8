import numpy as np
import pytest
from pipeline_specs import spec_of

from stageline.evaluation import Comparison, Contest, Estimate, Predictions, blocks_of
from stageline.monitoring.cause import judge_cause
from stageline.verdicts import Verdict


def judged(before_error, champion_error, rows=400, **given):
    """Judge two models with normal errors on the same rows."""
    rng = np.random.default_rng(0)
    truth = rng.normal(100, 20, rows)
    noise = rng.normal(0, 1, rows)
    before, champion = (Predictions(truth + noise * error) for error in (before_error, champion_error))
    contest = Contest.of(spec_of(), truth, before, champion, blocks_of(rows, None))
    known = {"champion": 3, "before": 2, "min_n": 100, "metric": "mean_absolute_error"}
    return judge_cause(contest.compare(), **{**known, **given})


def test_the_release_is_the_cause_where_the_model_before_does_better():
    check = judged(5, 8)

    assert check.verdict is Verdict.FAILED
    assert "the release is the cause, roll it back (n = 400)" in check.message
    assert check.message.startswith("mean_absolute_error 6.")
    assert check.details["before"] == 2


def test_what_meets_both_models_alike_is_not_the_release():
    check = judged(12, 8)

    assert check.verdict is Verdict.PASSED
    assert "the release is not the cause" in check.message


def test_equal_models_decide_nothing():
    rng = np.random.default_rng(1)
    truth = rng.normal(100, 20, 400)
    models = [Predictions(truth + rng.normal(0, 5, 400)) for _ in range(2)]
    contest = Contest.of(spec_of(), truth, *models, blocks_of(400, None))

    check = judge_cause(contest.compare(), champion=3, before=2, min_n=100, metric="mean_absolute_error")

    assert check.verdict is Verdict.INCONCLUSIVE
    assert "includes zero, a rollback is not shown to help" in check.message


@pytest.mark.parametrize(("rows", "least"), [(99, 100), (29, 1)])
def test_too_few_rows_decide_nothing(rows, least):
    check = judged(5, 50, rows=rows, min_n=least)

    assert check.verdict is Verdict.INCONCLUSIVE
    assert "cannot be told" in check.message


def test_what_is_not_defined_decides_nothing():
    nothing = Estimate(float("nan"), None, None)
    check = judge_cause(
        Comparison(n=500, candidate=nothing, champion=nothing, improvement=nothing, relative=None),
        champion=3, before=2, min_n=100, metric="r2_score",
    )  # fmt: skip

    assert check.verdict is Verdict.INCONCLUSIVE
    assert "r2_score not defined of version 3" in check.message
