"""The KPI of a window beside what the release leads one to expect: a mix is no loss, a concept that changed is one."""

import math
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_performance import HOUR, classes, classification, numbers, regression, regression_window, released, spec

from stageline.evaluation import Estimate, Predictions
from stageline.monitoring.estimation import HOLDOUT, Estimated
from stageline.monitoring.label_checks import LabelCounts, labels_check, undecided
from stageline.monitoring.losses import judge_goal, judge_loss, relative_loss
from stageline.monitoring.performance import PerformanceLimits, measure_performance
from stageline.monitoring.performance_checks import (
    answers_check,
    estimated_check,
    lasting,
    performance_checks,
    performance_persistence,
    performance_sentence,
)
from stageline.monitoring.released import Released, ScoredRows
from stageline.monitoring.samples import Sample, time_effect
from stageline.monitoring.smoothing import Smoothed
from stageline.monitoring.strata import shares, strata_of, with_mix
from stageline.persistence import EarlierRun, check_persistence
from stageline.spec.models import Kpi
from stageline.verdicts import Severity, Verdict

KPI = Kpi(metric="mean_absolute_error", max=1.0)
LIMITS = PerformanceLimits(max_loss=0.1, min_n=100, min_coverage=0.9)


def simulate(windows, rows=500, seed=0, **planted):
    """Return how many windows end how, and their losses; each 20 have a release of their own."""
    rng = np.random.default_rng(seed)
    ends, losses = Counter(), []
    common = {"alike": planted.get("alike", 0.0)}
    for number in range(windows):
        if number % 20 == 0:
            release = released(rng, 1_500, **common)
        found = measure_performance(regression_window(rng, rows, **planted), release, seed=number)
        ends[judge_loss(found.loss, 0.1)] += 1
        losses.append(found.loss.value)
    return ends, np.array(losses)


def test_without_a_change_no_window_fails():
    ends, losses = simulate(200)
    assert ends[Verdict.FAILED] <= 2
    assert abs(losses.mean()) < 0.03


def test_another_mix_alone_is_no_loss():
    rng = np.random.default_rng(1)
    ends, losses = simulate(200, mix=0.8, seed=1)
    assert ends[Verdict.FAILED] <= 4
    assert abs(losses.mean()) < 0.05
    # The KPI itself is far above that of the release.
    whole = released(rng, 3_000)
    moved = measure_performance(regression_window(rng, 3_000, mix=0.8), whole)
    assert moved.kpi.low > whole.holdout.value() * 1.1


def test_a_loss_of_twice_the_limit_is_found():
    ends, losses = simulate(100, rows=2_000, worse=1.2, seed=2)
    assert ends[Verdict.FAILED] >= 85
    assert losses.mean() == pytest.approx(0.2, abs=0.03)


def test_a_concept_that_changed_is_found_beside_another_mix():
    ends, _ = simulate(40, rows=2_000, worse=1.4, mix=0.5, seed=3)
    assert ends[Verdict.FAILED] >= 38


def test_at_the_limit_itself_few_windows_fail():
    ends, _ = simulate(200, worse=1.1, seed=4)
    assert ends[Verdict.FAILED] <= 14


def test_errors_of_one_day_that_resemble_each_other_are_no_loss():
    ends, _ = simulate(200, rows=168, alike=0.5, worse=1.1, seed=5)
    assert ends[Verdict.FAILED] <= 14
    found = regression(np.random.default_rng(0), 2_000, alike=0.5)
    week = regression(np.random.default_rng(1), 168, alike=0.5)
    assert (found.blocks.what, week.blocks.what) == ("whole days", "whole hours")
    assert time_effect(found, week.blocks.what, seed=0) > 1.5
    apart = regression(np.random.default_rng(0), 2_000)
    assert time_effect(apart, week.blocks.what, seed=0) < 1.3
    assert time_effect(found, "whole days", seed=0) == 1.0


@pytest.mark.parametrize("metric", ["accuracy_score", "log_loss", "roc_auc_score", "f1_score", "brier_score_loss"])
def test_classes_have_a_loss_whatever_the_direction(metric):
    rng = np.random.default_rng(6)
    release = Released(classification(rng, 600, metric))

    def loss(**planted):
        said, truth = classes(rng, 400, **planted)
        rows = ScoredRows.of(spec(metric), said, truth, np.ones(400, bool))
        return measure_performance(rows, release).loss

    changed, same = loss(flipped=0.3), loss(mix=0.5)
    assert changed.low > 0
    assert same.low < changed.low
    assert abs(same.value) < changed.value


def test_more_than_two_classes_are_post_stratified_by_what_is_predicted_and_how_surely():
    rng = np.random.default_rng(7)
    release = Released(classification(rng, 4_000, "log_loss", 3))
    assert release.strata.count > 3
    said, truth = classes(rng, 2_000, 3, mix=0.8)
    found = measure_performance(ScoredRows.of(spec("log_loss"), said, truth, np.ones(2_000, bool)), release)
    assert abs(found.loss.value) < 0.08
    without = Predictions(release.holdout.predictions.values, None, release.holdout.predictions.classes)
    assert strata_of(without, None).count == 3


@given(seed=st.integers(0, 1_000), rows=st.integers(30, 300))
def test_the_holdout_beside_itself_has_lost_nothing(seed, rows):
    sample = regression(np.random.default_rng(seed), rows)
    window = ScoredRows(sample.predictions, np.ones(rows, bool), sample)
    found = measure_performance(window, Released(sample))
    assert found.loss.value == pytest.approx(0, abs=1e-9)
    assert found.expected.value == pytest.approx(sample.value())


@given(seed=st.integers(0, 1_000), worse=st.floats(1.05, 3))
def test_larger_errors_are_a_larger_loss(seed, worse):
    release = released(np.random.default_rng(seed), 400)
    small = measure_performance(regression_window(np.random.default_rng(seed + 1), 200), release)
    large = measure_performance(regression_window(np.random.default_rng(seed + 1), 200, worse=worse), release)
    assert large.loss.value > small.loss.value
    assert 1 + large.loss.value == pytest.approx(worse * (1 + small.loss.value))


@given(seed=st.integers(0, 1_000), rows=st.integers(25, 400))
def test_weights_give_rows_the_mix_that_is_wanted(seed, rows):
    rng = np.random.default_rng(seed)
    said = Predictions(rng.normal(size=rows))
    strata = strata_of(said, None)
    places = strata.index(said)
    assert 1 <= strata.count <= 20
    assert np.bincount(places, minlength=strata.count).min() >= 1
    mix = rng.dirichlet(np.ones(strata.count))
    weights = with_mix(rng.random(rows) + 0.1, places, mix)
    assert shares(places, strata.count, weights) == pytest.approx(mix)


def test_a_constant_prediction_is_one_kind_of_row():
    said = Predictions(np.ones(100))
    assert strata_of(said, None).count == 1
    assert strata_of(said, None).index(Predictions(np.array([0.0, 1.0, 2.0]))).tolist() == [0, 0, 0]
    assert strata_of(said, None).outside(Predictions(np.array([0.0, 1.0, 2.0]))) == pytest.approx(2 / 3)


def test_labels_of_some_kinds_of_rows_are_weighted_to_all():
    rng = np.random.default_rng(8)
    release = released(rng, 3_000)

    def low_ones(said):
        return rng.random(len(said)) < np.where(said < 10, 0.95, 0.3)

    found = measure_performance(regression_window(rng, 3_000, known=low_ones), release)
    assert found.reweighted
    assert abs(found.loss.value) < 0.06
    said, truth = numbers(rng, 200_000)
    assert found.kpi.value == pytest.approx(np.abs(said - truth).mean(), rel=0.08)


def test_a_kind_of_which_no_row_is_labelled_leaves_it_open():
    rng = np.random.default_rng(9)
    found = measure_performance(regression_window(rng, 1_000, known=lambda said: said < 8), released(rng))
    assert found.unlabelled > 0.5
    (_, loss) = performance_checks(found, None, KPI, LIMITS)
    assert loss.verdict is Verdict.INCONCLUSIVE
    assert "are of a kind of which none has a label" in loss.message


def test_a_class_that_the_holdout_never_predicted_leaves_it_open():
    names = ("a", "b", "c")
    said = np.array(["a"] * 60 + ["b"] * 60, dtype=object)
    release = Released(Sample.of(spec("accuracy_score"), said, Predictions(said, None, names), None))
    new = np.array(["a"] * 60 + ["c"] * 60, dtype=object)
    rows = ScoredRows.of(spec("accuracy_score"), Predictions(new, None, names), new, np.ones(120, bool))
    found = measure_performance(rows, release)
    assert found.unexpected == pytest.approx(0.5)
    (_, loss) = performance_checks(found, None, Kpi(metric="accuracy_score", min=0.5), LIMITS)
    assert loss.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("metric", "expected", "words"),
    [
        ("r2_score", Estimate(-0.2, -0.4, 0.1), "of a number that may be zero or below there is no relative loss"),
        ("r2_score", Estimate(0.1, -0.1, 0.3), "there is no relative loss"),
        ("mean_absolute_error", Estimate(0.0, 0.0, 0.0), "there is no relative loss"),
        ("f1_score", Estimate(math.nan, None, None), "is not defined on the release's holdout"),
    ],
)
def test_of_a_reference_that_may_be_zero_or_below_there_is_no_relative_loss(metric, expected, words):
    loss, why = relative_loss(metric, 0.5, expected, np.full(9, 0.5), np.full(9, 0.3))
    assert loss is None
    assert words in why


def test_a_kpi_that_is_not_defined_has_no_loss():
    assert relative_loss("r2_score", math.nan, Estimate(1, 1, 1), np.ones(9), np.ones(9))[0] is None
    loss, why = relative_loss("r2_score", 0.5, Estimate(0.6, 0.5, 0.7), np.full(9, np.nan), np.ones(9))
    assert (loss, why) == (None, "r2_score is not defined on most resamples of the window")


def test_a_loss_is_positive_where_it_is_worse():
    same = np.full(9, 0.5)
    assert relative_loss("accuracy_score", 0.4, Estimate(0.5, 0.5, 0.5), same, same)[0].value == pytest.approx(0.2)
    assert relative_loss("log_loss", 0.6, Estimate(0.5, 0.5, 0.5), same, same)[0].value == pytest.approx(0.2)


@given(low=st.floats(-1, 1), width=st.floats(0, 1), limit=st.floats(0, 1))
def test_a_loss_fails_and_passes_beyond_doubt_alone(low, width, limit):
    verdict = judge_loss(Estimate(low + width / 2, low, low + width), limit)
    assert (verdict is Verdict.FAILED) == (low > limit and low + width > limit)
    assert (verdict is Verdict.PASSED) == (low + width <= limit)


@pytest.mark.parametrize("bounds", [(None, 1.0), (0.0, None)])
def test_without_bounds_nothing_is_decided(bounds):
    assert judge_loss(Estimate(0.5, *bounds), 0.1) is Verdict.INCONCLUSIVE
    assert judge_goal(Estimate(0.5, *bounds), 0.1, more=True) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("estimate", "verdict"),
    [
        ((8, 7, 9), "passed"), ((9.5, 8, 11), "warned"), ((10.5, 9, 11), "inconclusive"), ((12, 11, 13), "failed"),
    ],
)  # fmt: skip
def test_a_goal_is_missed_beyond_doubt_alone(estimate, verdict):
    value, low, high = estimate
    assert judge_goal(Estimate(value, low, high), 10, more=False) == verdict
    assert judge_goal(Estimate(-value, -high, -low), -10, more=True) == verdict


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({"scored": 0}, "no prediction was made in this window"),
        ({"scored": 0, "none": "all of it was trained on"}, "all of it was trained on"),
        ({"scored": 99, "labelled": 99}, "99 of 99 predictions have a label, min_n = 100"),
        ({"scored": 101, "labelled": 99, "unseen": 1}, "99 of 100 labels are of a class of the model, min_n = 100"),
    ],
)
def test_what_cannot_be_judged_is_never_a_pass(counts, why):
    counts = LabelCounts("labels.csv", **counts)
    assert why in undecided(counts, LIMITS)
    check = labels_check(counts, LIMITS)
    assert (check.code, check.verdict) == ("SL-M012", Verdict.INCONCLUSIVE)
    # Where nothing was predicted, no label is due: right after a release that is as it should be.
    assert check.effect is (Verdict.INCONCLUSIVE if counts.scored else Verdict.WARNED)
    assert why in check.message


@pytest.mark.parametrize(
    ("counts", "why"),
    [
        ({}, "none of 500 predictions has a label yet"),
        ({"missing": "'x.csv': there is no such file"}, "there are no labels: 'x.csv': there is no"),
        ({"labelled": 99}, "99 of 500 predictions have a label, min_n = 100"),
        ({"labelled": 449}, "449 of 500 predictions have a label (89.8%), min_coverage = 90%"),
    ],
)
def test_labels_that_were_due_and_did_not_come_are_a_failure(counts, why):
    counts = LabelCounts("labels.csv", scored=500, **counts)
    check = labels_check(counts, LIMITS)
    assert check.effect is Verdict.FAILED
    assert why in check.message
    assert labels_check(counts, LIMITS, severity=Severity.WARNING).effect is Verdict.WARNED


@pytest.mark.parametrize(
    ("counts", "told"),
    [
        ({"scored": 56, "labelled": 53, "unseen": 3}, "3 of 56 true values are of a class"),
        ({"scored": 400, "labelled": 300, "unseen": 100}, "100 of 400 true values are of a class"),
        ({"scored": 400, "unseen": 400}, "400 of 400 true values are of a class"),
        ({"scored": 400, "labelled": 100, "unseen": 5},
         "anew, or the labels are of another coding; 105 of 400 predictions have a label, min_coverage = 90%"),
    ],
)  # fmt: skip
def test_classes_that_the_model_does_not_know_are_a_failure_of_their_own(counts, told):
    counts = LabelCounts("labels.csv", **counts)
    check = labels_check(counts, LIMITS)
    assert (check.effect, check.details) == (Verdict.FAILED, {"reason": "unseen_classes"})
    assert told in check.message
    assert "it has to be trained anew, or the labels are of another coding" in check.message
    # The labels came: more of them are no remedy.
    assert check.value == (counts.labelled + counts.unseen) / counts.scored
    assert undecided(counts, LIMITS)


def test_a_few_classes_are_named_shortly():
    counts = LabelCounts("l.csv", scored=9, labelled=4, unseen=5, unseen_classes=("d", "e" * 99, "f", "g", "h"))
    assert f"does not know ('d', '{'e' * 40}…', 'f' and 2 more): it has" in labels_check(counts, LIMITS).message


def test_one_stray_class_only_warns():
    check = labels_check(LabelCounts("labels.csv", scored=500, labelled=499, unseen=1), LIMITS)
    assert (check.verdict, check.value, check.details) == (Verdict.WARNED, 1.0, {})
    assert check.message == (
        "500 of 500 predictions have a label in 'labels.csv'; 1 of a class that the model does not know"
    )


def test_labels_that_are_there_pass_and_what_is_odd_about_some_warns():
    fine = labels_check(LabelCounts("labels.csv", scored=500, labelled=450, repeated=3, late=50), LIMITS)
    assert (fine.verdict, fine.value) == (Verdict.PASSED, 0.9)
    assert fine.message == (
        "450 of 500 predictions have a label in 'labels.csv'; 50 whose label came later; 3 labelled more than once"
    )
    odd = labels_check(LabelCounts("labels.csv", scored=500, labelled=490, contradictory=2, odd=1), LIMITS)
    assert odd.verdict is Verdict.WARNED
    assert "2 left out: two labels contradict each other; 1 with a label that is NaN or infinite" in odd.message


def test_what_is_not_judged_says_why_and_passes_nothing():
    rng = np.random.default_rng(10)
    found = measure_performance(regression_window(rng, 50), released(rng))
    checks = performance_checks(found, None, KPI, LIMITS, why="50 of 50 predictions have a label, min_n = 100")
    assert [check.verdict for check in checks] == [Verdict.INCONCLUSIVE] * 2
    assert all("min_n = 100" in check.message for check in checks)


def test_a_window_without_a_label_has_no_kpi():
    rng = np.random.default_rng(11)
    rows = regression_window(rng, 50, known=lambda said: np.zeros(len(said), bool))
    found = measure_performance(rows, released(rng))
    assert (found.n, found.scored, found.loss) == (0, 50, None)
    checks = performance_checks(found, None, KPI, LIMITS, why="none has a label")
    assert {check.verdict for check in checks} == {Verdict.INCONCLUSIVE}
    assert all(check.value is None for check in checks)


def test_a_loss_is_told_with_its_numbers():
    rng = np.random.default_rng(12)
    found = measure_performance(regression_window(rng, 2_000, worse=1.5), released(rng))
    smoothed = Smoothed(0.3, 0.2, 0.4, 3)
    goal, loss, over_windows = performance_checks(found, smoothed, KPI, LIMITS)
    assert (goal.code, loss.code, over_windows.code) == ("SL-M013", "SL-M014", "SL-M015")
    assert loss.verdict is over_windows.verdict is Verdict.FAILED
    assert loss.value == found.loss.value
    assert "that the release leads one to expect of this mix of predictions, max_loss = 0.1" in loss.message
    assert "smoothed over 3 windows" in over_windows.message
    assert loss.message in performance_sentence((goal, loss, over_windows))
    assert lasting((goal, loss, over_windows)) == (goal, loss, over_windows)
    alone = performance_checks(found, Smoothed(0.3, 0.2, 0.4, 1), KPI, LIMITS)
    assert [check.code for check in alone] == ["SL-M013", "SL-M014"]


def test_a_large_loss_that_is_over_does_not_ring_on():
    rng = np.random.default_rng(12)
    found = measure_performance(regression_window(rng, 2_000), released(rng))
    over_windows = performance_checks(found, Smoothed(1.3, 1.2, 1.4, 3), KPI, LIMITS)[-1]
    assert over_windows.code == "SL-M015"
    assert over_windows.verdict is Verdict.INCONCLUSIVE
    assert "the window's own loss of" in over_windows.message


def test_a_loss_that_stays_is_a_failure():
    rng = np.random.default_rng(13)
    found = measure_performance(regression_window(rng, 2_000, worse=1.5), released(rng))
    checks = lasting(performance_checks(found, None, KPI, LIMITS, severity=Severity.WARNING))
    before = EarlierRun(datetime(2026, 1, 1, tzinfo=UTC), "a", [check.model_dump(mode="json") for check in checks])
    assert check_persistence(checks, [], performance_persistence(2, 3)) == []
    stay = check_persistence(checks, [before], performance_persistence(2, 3))
    assert [each.name for each in stay] == [
        f"persistent({each.name})" for each in checks if each.verdict is Verdict.FAILED
    ]
    for each in stay:
        assert (each.code, each.verdict, each.severity) == ("SL-M017", Verdict.FAILED, Severity.CRITICAL)
    assert "loss(mean_absolute_error) was above its limit in 2 of the last 2 runs" in stay[-1].message


def test_predictions_beyond_the_holdouts_are_told():
    rng = np.random.default_rng(14)
    found = measure_performance(regression_window(rng, 500, mix=4), released(rng))
    assert found.outside > 0.3
    told = f"{found.left_out} of 500 predictions are beyond all of the holdout's"
    assert told in performance_checks(found, None, KPI, LIMITS)[1].message


def beyond(rng, rows, shift):
    """Return rows whose errors grow with the prediction as before, and which may lie beyond what was seen."""
    said = 3 + shift + rng.normal(size=rows)
    return Predictions(said), said + 0.3 * np.exp(0.3 * (said - 3)) * rng.normal(size=rows)


def shifted(number, shift):
    rng = np.random.default_rng([5, number])
    said, truth = beyond(rng, 4_000, 0)
    release = Released(Sample.of(spec("mean_absolute_error"), truth, said, None))
    said, truth = beyond(rng, 1_000, shift)
    window = ScoredRows.of(spec("mean_absolute_error"), said, truth, np.ones(1_000, bool))
    return window, release, measure_performance(window, release)


@pytest.mark.parametrize("shift", [1, 2, 3])
def test_predictions_beyond_the_holdouts_alone_are_no_loss(shift):
    for number in range(6):
        window, release, found = shifted(number, shift)
        check = performance_checks(found, None, KPI, LIMITS)[1]
        inside = release.strata.within(window.predictions)
        assert check.verdict is not Verdict.FAILED
        assert found.left_out == (~inside).sum()
        # The goal is of all rows, the loss of those of whose predictions the holdout says something.
        error = np.abs(window.labelled.truth - window.predictions.values)
        assert found.kpi.value == pytest.approx(error.mean())
        assert found.compared.value == pytest.approx(error[inside].mean())
        if shift == 3:
            share = f"{(~inside).mean():.1%}"
            assert check.verdict is Verdict.INCONCLUSIVE
            assert f"not judged, the holdout says nothing of {share} of the predictions" in check.message


def test_a_loss_within_the_holdouts_range_is_found_beside_rows_beyond_it():
    rng = np.random.default_rng(3)
    said, truth = beyond(rng, 4_000, 0)
    release = Released(Sample.of(spec("mean_absolute_error"), truth, said, None))
    said, truth = beyond(rng, 2_000, 1.5)
    worse = said.values + 1.5 * (truth - said.values)
    window = ScoredRows.of(spec("mean_absolute_error"), said, worse, np.ones(2_000, bool))
    found = measure_performance(window, release)
    assert 0 < found.left_out < 200
    assert performance_checks(found, None, KPI, LIMITS)[1].verdict is Verdict.FAILED


@pytest.mark.parametrize("inside", [0, 1])
def test_of_predictions_that_all_lie_beyond_nothing_is_said(inside):
    release = released(np.random.default_rng(1))
    said = np.array([10.0] * inside + [1e6] * (300 - inside))
    rows = ScoredRows.of(spec("mean_absolute_error"), Predictions(said), said + 1, np.ones(300, bool))
    check = performance_checks(measure_performance(rows, release), None, KPI, LIMITS)[1]
    assert check.verdict is Verdict.INCONCLUSIVE
    assert f"{300 - inside} of 300 predictions are beyond all of the holdout's" in check.message


def recorded(change, over_dummy=1.0, width=0.1):
    holdout = regression(np.random.default_rng(2), 200)
    value = holdout.value() * change
    return Released(holdout, Estimate(value, value - width / 2, value + width / 2), over_dummy)


@pytest.mark.parametrize(
    ("change", "changed"), [(1, False), (1 + 1e-9, False), (1.005, False), (1.05, True), (0, True)]
)
def test_a_model_that_answers_otherwise_than_at_its_release_is_found_by_its_own_evaluation(change, changed):
    assert recorded(change).answers_changed is changed
    assert Released(regression(np.random.default_rng(2), 200)).answers_changed is False


def test_rounding_of_a_perfect_model_is_no_change():
    holdout = regression(np.random.default_rng(2), 200)
    perfect = Sample.of(spec("mean_absolute_error"), holdout.truth, Predictions(holdout.truth + 1e-13), None)
    assert not Released(perfect, Estimate(3e-13, 3e-13, 3e-13), over_dummy=2.5).answers_changed


def test_answers_that_changed_are_a_failure_whatever_persists():
    check = answers_check(recorded(0.1))
    assert (check.code, check.effect, check.details["reason"]) == ("SL-M014", Verdict.FAILED, "answers_changed")
    assert f"was {check.details['recorded']:.3g} and is {check.details['anew']:.3g} now, from the same" in check.message


def test_a_share_that_rounds_to_zero_has_no_sign():
    loss = Estimate(-1e-5, -0.02, 1e-5)
    estimated = Estimated("mean_absolute_error", 500, Estimate(0.5, 0.4, 0.6), loss, HOLDOUT)
    message = estimated_check(estimated, KPI, LIMITS).message
    assert "0.0% better (95 % interval 0.0% to 2.0%)" in message
    assert "-0.0" not in message


def test_what_is_not_defined_is_told_so():
    said = Predictions(np.array([4.0, 5.0, 6.0]))
    holdout = Sample.of(spec("r2_score"), np.arange(60.0), Predictions(np.arange(60.0) + np.tile([1, -1], 30)), None)
    rows = ScoredRows.of(spec("r2_score"), said, np.array([5.0, 5.0, 5.0]), np.ones(3, bool))
    goal, loss = performance_checks(measure_performance(rows, Released(holdout)), None, Kpi(metric="r2_score", min=0.5),
                                    PerformanceLimits(min_n=1))  # fmt: skip
    assert goal.verdict is loss.verdict is Verdict.INCONCLUSIVE
    assert "r2_score is not defined, expected" in loss.message
    assert "nan" not in goal.message + loss.message


def test_rows_without_times_are_drawn_one_by_one():
    rng = np.random.default_rng(15)
    said, truth = numbers(rng, 300)
    timeless = Sample.of(spec("mean_absolute_error"), truth, Predictions(said), None)
    assert timeless.blocks.what == "single rows"
    assert time_effect(timeless, "whole hours", seed=0) == 1.0
    found = measure_performance(regression_window(rng, 300), Released(timeless))
    assert found.loss.low < found.loss.value < found.loss.high
    assert regression(rng, 300).seconds[1] == HOUR
