import math

import numpy as np
import pytest
from pipeline_specs import spec_of

from stageline.evaluation import Comparison, Contest, Estimate, Predictions, blocks_of
from stageline.monitoring.cause import judge_cause
from stageline.verdicts import Verdict

KNOWN = {"lost": 3.0, "champion": 3, "before": 2, "min_n": 100, "metric": "mean_absolute_error"}


def judged(before_error, champion_error, rows=400, *, alike=True, **given):
    """Judge two models with normal errors on the same rows; `alike`: the same rows are hard for both."""
    rng = np.random.default_rng(0)
    truth = rng.normal(100, 20, rows)
    noises = [rng.normal(0, 1, rows) for _ in range(2)]
    noises = [noises[0]] * 2 if alike else noises
    pairs = zip(noises, (before_error, champion_error), strict=True)
    before, champion = (Predictions(truth + noise * error) for noise, error in pairs)
    contest = Contest.of(spec_of(), truth, before, champion, blocks_of(rows, None))
    return judge_cause(contest.compare(), **{**KNOWN, **given})


def test_the_release_is_the_cause_where_the_model_before_avoids_the_loss():
    check = judged(5, 8)

    assert check.verdict is Verdict.FAILED
    assert check.message.startswith("mean_absolute_error 6.")
    assert "of version 2 on the same rows: a rollback mends 2." in check.message
    assert check.message.endswith("of the 3 lost: the release is the cause (n = 400)")
    assert (check.limit, check.details["before"], check.details["lost"]) == (1.5, 2, 3.0)


@pytest.mark.parametrize("before", [12, 8, 7.9])
def test_what_meets_both_models_alike_is_not_the_release(before):
    # The last one is better beyond doubt, but by a trifle.
    check = judged(before, 8)

    assert check.verdict is Verdict.PASSED
    assert "the release is not the cause" in check.message


def test_a_difference_that_may_be_chance_decides_nothing():
    check = judged(6.6, 8, rows=100, alike=False)

    assert check.verdict is Verdict.INCONCLUSIVE
    assert "whether that is half of it, and the release the cause, cannot be told" in check.message


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"rows": 99}, "99 labelled rows, at least 100 are needed"),
        ({"rows": 29, "min_n": 1}, "29 rows, at least 30 are needed"),
        ({"lost": math.nan}, "the window's own loss is not defined, or none"),
        ({"lost": -1.0}, "the window's own loss is not defined, or none"),
    ],
)
def test_too_little_to_go_by_decides_nothing(given, why):
    check = judged(5, 50, **given)

    assert check.verdict is Verdict.INCONCLUSIVE
    assert f"cannot be told: {why}" in check.message or why in check.message


def test_what_is_not_defined_decides_nothing():
    nothing = Estimate(math.nan, None, None)
    empty = Comparison(n=500, candidate=nothing, champion=nothing, improvement=nothing, relative=None)
    check = judge_cause(empty, **{**KNOWN, "metric": "r2_score"})

    assert check.verdict is Verdict.INCONCLUSIVE
    assert "r2_score not defined of version 3" in check.message
