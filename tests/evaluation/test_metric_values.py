import math

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline_specs import spec_of

from stageline.evaluation.metrics import metrics_for, score
from stageline.evaluation.predictions import Predictions
from stageline.exceptions import DataError
from stageline.spec.metrics import METRICS

RNG = np.random.default_rng(0)
N = 200
REGRESSION = [name for name, metric in METRICS.items() if metric.task == "regression"]
CLASSIFICATION = [name for name, metric in METRICS.items() if metric.task == "classification"]
LABELS = {"texts": ("benign", "malignant"), "numbers": (0, 1), "booleans": (False, True)}
WEIGHTS = RNG.integers(0, 3, N).astype(float)


def classes(labels, *, wrong=0.2):
    """Return truth and predictions with probabilities; some are wrong."""
    codes = RNG.integers(0, len(labels), N)
    probabilities = RNG.random((N, len(labels))) * wrong + np.eye(len(labels))[codes] * RNG.random((N, 1))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    as_labels = np.array(labels, dtype=object)
    truth = as_labels[codes] if isinstance(labels[0], str) else np.array(labels)[codes]
    return truth, Predictions(as_labels[probabilities.argmax(axis=1)], probabilities, tuple(labels))


def coded(truth, predictions):
    from stageline.evaluation.predictions import coded, codes_of

    return codes_of(truth, predictions.classes), coded(predictions, predictions.classes)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("name", REGRESSION)
def test_regression_metrics_are_scikit_learns(name, weights):
    truth = RNG.random(N) + 1
    predicted = truth + RNG.normal(size=N)
    expected = getattr(sk, name)(truth, predicted, sample_weight=weights)
    assert score(name, truth, Predictions(predicted), positive=None, weights=weights) == expected


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("name", CLASSIFICATION)
def test_metrics_of_two_classes_are_scikit_learns(name, positive, labels):
    truth, predictions = classes(labels)
    meant = labels[positive]
    probability = predictions.probabilities[:, positive]
    if name == "log_loss":
        expected = sk.log_loss(truth, predictions.probabilities, labels=list(labels))
    elif METRICS[name].needs == "probability":
        expected = getattr(sk, name)(truth == meant, probability)
    else:
        ofpositive = {"pos_label": meant} if name in ("f1_score", "precision_score", "recall_score") else {}
        expected = getattr(sk, name)(truth, predictions.values.astype(truth.dtype), **ofpositive)
    codes, as_codes = coded(truth, predictions)
    assert score(name, codes, as_codes, positive=positive) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", [name for name in CLASSIFICATION if not METRICS[name].binary_only])
def test_metrics_of_more_classes_are_scikit_learns(name):
    truth, predictions = classes(("a", "b", "c"))
    if name == "roc_auc_score":
        expected = sk.roc_auc_score(truth, predictions.probabilities, multi_class="ovr")
    elif name == "log_loss":
        expected = sk.log_loss(truth, predictions.probabilities)
    else:
        averaged = {"average": "macro"} if name in ("f1_score", "precision_score", "recall_score") else {}
        expected = getattr(sk, name)(truth, predictions.values, **averaged)
    codes, as_codes = coded(truth, predictions)
    assert score(name, codes, as_codes, positive=2) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", [*REGRESSION, *CLASSIFICATION])
def test_a_weight_of_two_counts_a_row_twice(name):
    if name == "median_absolute_error":
        pytest.skip("a weighted median may lie between two rows")
    if METRICS[name].task == "regression":
        truth, predictions = RNG.random(N) + 1, Predictions(RNG.random(N) + 1)
    else:
        truth, predictions = coded(*classes(("no", "yes")))
    rows = np.repeat(np.arange(N), WEIGHTS.astype(int))
    probabilities = None if predictions.probabilities is None else predictions.probabilities[rows]
    twice = Predictions(predictions.values[rows], probabilities, predictions.classes)
    weighted = score(name, truth, predictions, positive=1, weights=WEIGHTS)
    assert weighted == pytest.approx(score(name, truth[rows], twice, positive=1), rel=1e-9)


@pytest.mark.parametrize("name", ["f1_score", "precision_score", "recall_score", "average_precision_score"])
def test_without_any_positive_there_is_nothing_to_measure(name):
    truth = np.zeros(10, dtype=int)
    predictions = Predictions(truth, np.full((10, 2), 0.5), (0, 1))
    assert math.isnan(score(name, truth, predictions, positive=1))
    some = np.array([1, *truth[1:]])
    assert math.isnan(score(name, some, predictions, positive=1, weights=np.array([0.0, *[1.0] * 9])))
    assert not math.isnan(score(name, some, predictions, positive=1))


def test_a_constant_truth_has_no_variance_to_explain():
    constant = np.ones(10)
    assert not math.isfinite(score("r2_score", constant, Predictions(constant), positive=None))
    assert not math.isfinite(score("r2_score", constant, Predictions(constant + 1), positive=None))


@pytest.mark.parametrize("labels", [(0, 1), (0, 1, 2)])
def test_probabilities_that_a_model_does_not_give_are_asked_for(labels):
    truth = np.array([*labels, 0])
    with pytest.raises(DataError, match="the model gives no probabilities; choose an estimator with predict_proba"):
        score("roc_auc_score", truth, Predictions(truth, None, labels), positive=1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=30), st.booleans())
def test_swapping_the_positive_class_mirrors_the_ranking(rows, swap):
    truth = np.array([int(positive) for positive, _ in rows])
    if len(set(truth)) < 2:
        return
    yes = np.array([eighths / 8 for _, eighths in rows])
    predictions = Predictions((yes > 0.5).astype(int), np.column_stack([1 - yes, yes]), (0, 1))
    assert score("roc_auc_score", truth, predictions, positive=int(swap)) == pytest.approx(
        sk.roc_auc_score(truth, predictions.probabilities[:, 1])
    )


@pytest.mark.parametrize(
    ("task", "metric", "count", "probabilities", "names"),
    [
        ("regression", "r2_score", 0, False, ("r2_score", "mean_absolute_error", "root_mean_squared_error")),
        (
            "classification",
            "recall_score",
            2,
            True,
            ("recall_score", "roc_auc_score", "balanced_accuracy_score", "f1_score", "log_loss"),
        ),
        (
            "classification",
            "accuracy_score",
            3,
            True,
            ("accuracy_score", "balanced_accuracy_score", "f1_score", "log_loss"),
        ),
        ("classification", "f1_score", 2, False, ("f1_score", "balanced_accuracy_score")),
        (
            "classification",
            "roc_auc_score",
            3,
            True,
            ("roc_auc_score", "balanced_accuracy_score", "f1_score", "log_loss"),
        ),
    ],
)
def test_the_kpi_comes_first_and_only_fitting_metrics_beside_it(task, metric, count, probabilities, names):
    assert metrics_for(spec_of(task, kpi={"metric": metric}), classes=count, probabilities=probabilities) == names
