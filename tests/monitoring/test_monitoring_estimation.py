"""Performance without labels: near the truth while what follows from the inputs stays, and blind to its change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_performance import classes, classification, numbers, regression, spec

from stageline.evaluation import Predictions
from stageline.evaluation.metrics import score
from stageline.evaluation.predictions import coded, codes_of
from stageline.monitoring.estimation import CALIBRATED, HOLDOUT, Calibration, estimate_performance, expected_score
from stageline.monitoring.performance import PerformanceLimits
from stageline.monitoring.performance_checks import estimated_check
from stageline.monitoring.released import Released
from stageline.monitoring.samples import Sample
from stageline.spec.metrics import METRICS
from stageline.spec.models import Kpi
from stageline.verdicts import Severity, Verdict

METRICS_OF_CLASSES = [
    (name, count)
    for name, metric in METRICS.items()
    for count in (2, 3)
    if metric.task == "classification" and (count == 2 or not metric.binary_only)
]
LIMITS = PerformanceLimits()


def estimated(metric, count, rng, **planted):
    """Return what is estimated of a window, its truth, and what the holdout alone leads one to expect."""
    holdout = classification(rng, 20_000, metric, count, overconfident=planted.pop("overconfident", 1.0))
    said, truth = classes(rng, 20_000, count, **planted)
    known = coded(said, said.classes)
    chances = Calibration.of(holdout).probabilities(known)
    positive = count - 1
    value = expected_score(metric, known, chances, positive=positive).value()
    return value, score(metric, codes_of(truth, said.classes), known, positive=positive), holdout.value()


@pytest.mark.parametrize(("metric", "count"), METRICS_OF_CLASSES)
def test_other_inputs_are_estimated_near_the_truth(metric, count):
    value, truth, _ = estimated(metric, count, np.random.default_rng(0), mix=1.2)
    assert value == pytest.approx(truth, abs=0.02)


@pytest.mark.parametrize(
    ("metric", "count"),
    [
        ("f1_score", 2), ("recall_score", 2), ("average_precision_score", 2), ("log_loss", 2), ("log_loss", 3),
        ("balanced_accuracy_score", 3),
    ],
)  # fmt: skip
def test_where_other_inputs_move_a_metric_the_estimate_goes_with_it(metric, count):
    value, truth, holdout = estimated(metric, count, np.random.default_rng(1), mix=1.2)
    assert abs(truth - holdout) > 0.02
    assert abs(value - truth) < abs(truth - holdout) / 2


@pytest.mark.parametrize("metric", ["log_loss", "accuracy_score"])
def test_what_the_model_says_too_surely_is_calibrated(metric):
    rng = np.random.default_rng(1)
    holdout = classification(rng, 20_000, metric, overconfident=3.0)
    said, truth = classes(rng, 20_000, mix=0.8, overconfident=3.0)
    known = coded(said, said.classes)
    truly = score(metric, codes_of(truth, said.classes), known, positive=1)
    value = expected_score(metric, known, Calibration.of(holdout).probabilities(known), positive=1).value()
    believed = expected_score(metric, known, known.probabilities, positive=1).value()
    assert value == pytest.approx(truly, abs=0.02)
    assert abs(believed - truly) > 3 * abs(value - truly)


@given(seed=st.integers(0, 10_000), count=st.integers(2, 4), rows=st.integers(20, 200))
def test_calibrated_probabilities_are_shares(seed, count, rows):
    rng = np.random.default_rng(seed)
    holdout = classification(rng, rows, "log_loss", count)
    said, _ = classes(rng, rows, count)
    chances = Calibration.of(holdout).probabilities(said=coded(said, said.classes))
    assert chances.shape == (rows, count)
    assert (chances >= 0).all()
    assert chances.sum(axis=1) == pytest.approx(np.ones(rows))


@given(seed=st.integers(0, 10_000))
def test_a_model_whose_chances_are_certain_is_scored_as_if_labelled(seed):
    rng = np.random.default_rng(seed)
    said, truth = classes(rng, 50, 3)
    known, codes = coded(said, said.classes), codes_of(truth, said.classes)
    for metric in ("accuracy_score", "log_loss", "f1_score"):
        value = expected_score(metric, known, np.eye(3)[codes], positive=2).value()
        assert value == pytest.approx(score(metric, codes, known, positive=2), abs=1e-9)


def test_a_change_of_what_follows_from_the_same_inputs_is_not_seen():
    value, truth, holdout = estimated("accuracy_score", 2, np.random.default_rng(2), flipped=0.3)
    assert value == pytest.approx(holdout, abs=0.01)
    assert truth < value - 0.1


def test_an_estimate_has_an_interval_that_holds_the_truth():
    rng = np.random.default_rng(3)
    held = 0
    for seed in range(20):
        release = Released(classification(rng, 800, "accuracy_score"))
        said, truth = classes(rng, 3_000, mix=0.8)
        known = coded(said, said.classes)
        found = estimate_performance(known, release, seed=seed)
        truly = score("accuracy_score", codes_of(truth, said.classes), known, positive=1)
        held += found.kpi.low - 0.01 <= truly <= found.kpi.high + 0.01
        assert (found.how, found.n) == (CALIBRATED, 3_000)
    assert held >= 18


def test_numbers_are_estimated_by_the_loss_where_the_model_says_the_same():
    rng = np.random.default_rng(4)
    release = Released(regression(rng, 3_000))
    said, truth = numbers(rng, 3_000, mix=0.8)
    found = estimate_performance(Predictions(said), release)
    truly = float(np.abs(said - truth).mean())
    assert (found.how, found.metric) == (HOLDOUT, "mean_absolute_error")
    assert found.kpi.value == pytest.approx(truly, rel=0.08)
    assert abs(found.kpi.value - truly) < abs(release.holdout.value() - truly) / 2
    assert found.loss.value == pytest.approx(found.kpi.value / release.holdout.value() - 1)


def test_classes_without_probabilities_are_estimated_by_what_is_predicted():
    rng = np.random.default_rng(5)
    said, truth = classes(rng, 2_000)
    bare = Predictions(said.values, None, said.classes)
    release = Released(Sample.of(spec("accuracy_score"), truth, bare, None))
    found = estimate_performance(coded(bare, bare.classes), release)
    assert found.how == HOLDOUT
    assert found.kpi.value == pytest.approx(release.holdout.value())


@pytest.mark.parametrize("probabilities", [None, np.empty((0, 2))])
def test_of_no_predictions_nothing_is_estimated(probabilities):
    release = Released(classification(np.random.default_rng(6), 200, "accuracy_score"))
    empty = Predictions(np.empty(0, np.int64), probabilities, (0, 1))
    found = estimate_performance(empty, release)
    check = estimated_check(found, Kpi(metric="accuracy_score", min=0.5), LIMITS)
    assert (found.n, found.loss, check.verdict) == (0, None, Verdict.INCONCLUSIVE)
    assert check.value is None


@pytest.mark.parametrize(("mix", "goal", "verdict"), [(0.0, 2.0, "passed"), (3.0, 9.0, "passed"), (0.0, 0.4, "failed")])
def test_an_estimate_warns_and_never_fails(mix, goal, verdict):
    rng = np.random.default_rng(7)
    release = Released(regression(rng, 6_000))
    found = estimate_performance(Predictions(numbers(rng, 6_000, mix=mix)[0]), release)
    check = estimated_check(found, Kpi(metric="mean_absolute_error", max=goal), LIMITS)
    assert (check.code, check.severity, check.verdict) == ("SL-M016", Severity.WARNING, verdict)
    assert check.effect is not Verdict.FAILED
    assert "it cannot see a change of what follows from the same inputs" in check.message
