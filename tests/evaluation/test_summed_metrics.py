"""Metrics as functions of means are the metrics that scikit-learn gives."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stageline.evaluation import Predictions
from stageline.evaluation.metrics import score
from stageline.evaluation.summed import summed
from stageline.spec.metrics import METRICS

NUMBERS = [name for name, metric in METRICS.items() if metric.task == "regression"]
CLASSES = [name for name, metric in METRICS.items() if metric.task == "classification"]


def same(name, truth, said, positive, weights):
    found = summed(name, truth, said, positive=positive)
    if found is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asked = score(name, truth, said, positive=positive, weights=weights)
    return found.value(weights) == pytest.approx(asked, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("name", NUMBERS)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 60), weighted=st.booleans())
def test_metrics_of_numbers(name, seed, rows, weighted):
    rng = np.random.default_rng(seed)
    truth = rng.normal(100, 3, rows)
    weights = rng.integers(0, 4, rows).astype(float) + 0.1 if weighted else None
    assert same(name, truth, Predictions(truth + rng.normal(size=rows)), None, weights) in (True, None)


@pytest.mark.parametrize("name", CLASSES)
@given(seed=st.integers(0, 2**32 - 1), rows=st.integers(2, 60), classes=st.integers(2, 3), weighted=st.booleans())
def test_metrics_of_classes(name, seed, rows, classes, weighted):
    if METRICS[name].binary_only and classes > 2:
        return
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(classes), rows)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, rows)])[:rows]
    if len(np.unique(truth)) < classes:
        return
    said = Predictions(shares.argmax(axis=1), shares, tuple(range(classes)))
    # Weights of whole rows: a class of no weight is one that scikit-learn does not see.
    weights = rng.integers(1, 4, rows).astype(float) if weighted else None
    assert same(name, truth, said, classes - 1, weights) in (True, None)


def test_what_is_summed_is_named():
    said, truth = Predictions(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]]), (0, 1)), np.array([0, 1])
    found = {name for name in CLASSES if summed(name, truth, said, positive=1) is not None}
    assert found == {
        "accuracy_score", "balanced_accuracy_score", "brier_score_loss", "f1_score", "log_loss", "precision_score",
        "recall_score",
    }  # fmt: skip
    found = {name for name in NUMBERS if summed(name, truth * 1.0, Predictions(truth + 0.5), positive=None)}
    assert set(NUMBERS) - found == {"median_absolute_error"}


def test_a_truth_without_variance_has_no_r2():
    constant = np.full(5, 0.1)
    found = summed("r2_score", constant, Predictions(constant + 1), positive=None)
    assert math.isnan(found.value())
    varied = summed("r2_score", np.array([0.1, 0.1, 5.0]), Predictions(np.zeros(3)), positive=None)
    assert math.isnan(varied.value(np.array([1.0, 1.0, 0.0])))


def test_nothing_has_no_value():
    found = summed("mean_absolute_error", np.zeros(2), Predictions(np.ones(2)), positive=None)
    assert math.isnan(found.value(np.zeros(2)))
    assert math.isnan(summed("mean_absolute_error", np.zeros(0), Predictions(np.zeros(0)), positive=None).value())
