"""Metrics of a model and its baselines are scikit-learn's, whatever the labels are."""

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from pipeline_specs import spec_of
from sklearn.linear_model import LogisticRegression, Ridge

from stageline.evaluation import blocks_of, evaluate_models, permutation_importance, predict
from stageline.evaluation.evaluate import positive_class
from stageline.evaluation.predictions import Predictions
from stageline.exceptions import DataError

LABELS = {"texts": ("no", "yes"), "numbers": (0, 1), "booleans": (False, True), "three": ("a", "b", "c")}


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(2)
    return pd.DataFrame({"x": rng.normal(size=300), "noise": rng.normal(size=300)})


def classes_of(features, labels):
    edges = np.linspace(-1, 1, len(labels) + 1)[1:-1]
    codes = np.digitize(features["x"] + 0.3 * features["noise"].shift(1, fill_value=0), edges)
    return np.array([labels[code] for code in codes], dtype=object)


def evaluated(truth, predictions, spec, names=("model", "dummy", "linear")):
    return evaluate_models(truth, dict.fromkeys(names, predictions), blocks_of(len(truth), None), spec)


def test_regression_metrics_are_scikit_learns(features):
    truth = (features["x"] * 2 + 1).to_numpy()
    predictions = Predictions(truth + features["noise"].to_numpy())
    found = evaluated(truth, predictions, spec_of(kpi={"metric": "r2_score", "min": 0.5}))
    assert found.kpi.name == "r2_score"
    for metric in found.metrics:
        expected = getattr(sklearn.metrics, metric.name)(truth, predictions.values)
        assert metric.estimates["model"].value == pytest.approx(expected)
        assert metric.estimates["model"].low <= expected <= metric.estimates["model"].high


@pytest.mark.parametrize("kind", LABELS)
def test_classification_metrics_do_not_depend_on_what_the_labels_are(features, kind):
    truth = classes_of(features, LABELS[kind])
    model = LogisticRegression().fit(features, pd.Series(truth).map(LABELS[kind].index))
    model.classes_ = np.array(LABELS[kind], dtype=object)
    spec = spec_of("classification", kpi={"metric": "log_loss", "max": 1.0})
    predictions = predict(model, features, classify=True)
    found = {metric.name: metric.estimates["model"].value for metric in evaluated(truth, predictions, spec).metrics}
    codes = [LABELS[kind].index(label) for label in truth]
    assert found["log_loss"] == pytest.approx(sklearn.metrics.log_loss(codes, predictions.probabilities))
    predicted = [LABELS[kind].index(label) for label in list(predictions.values)]
    assert found["balanced_accuracy_score"] == pytest.approx(sklearn.metrics.balanced_accuracy_score(codes, predicted))
    if len(LABELS[kind]) == 2:
        auc = sklearn.metrics.roc_auc_score(codes, predictions.probabilities[:, 1])
        assert found["roc_auc_score"] == pytest.approx(auc)


def test_a_model_does_not_beat_itself(features):
    truth = features["x"].to_numpy()
    found = evaluated(truth, Predictions(truth + 0.1), spec_of())
    for improvement in found.improvements:
        assert (improvement.estimate.low, improvement.estimate.value, improvement.estimate.high) == (0, 0, 0)


@pytest.mark.parametrize(("metric", "goal"), [("mean_absolute_error", {"max": 1}), ("r2_score", {"min": 0.1})])
def test_an_improvement_is_positive_where_the_model_is_better(features, metric, goal):
    truth = features["x"].to_numpy()
    good, bad = Predictions(truth + 0.01), Predictions(truth + features["noise"].to_numpy())
    models = {"model": good, "dummy": bad, "linear": bad}
    found = evaluate_models(truth, models, blocks_of(300, None), spec_of(kpi={"metric": metric, **goal}))
    assert all(improvement.estimate.low > 0 for improvement in found.improvements)


def test_a_class_that_training_never_saw(features):
    truth = np.array(["a"] * 150 + ["b"] * 149 + ["c"], dtype=object)
    predictions = Predictions(truth[:300], np.full((300, 2), 0.5), ("a", "b"))
    with pytest.raises(DataError, match="class 'c', which training never saw"):
        evaluated(truth, predictions, spec_of("classification"))


def test_the_positive_class_is_the_declared_one_or_the_last():
    assert positive_class(spec_of("classification"), ("a", "b")) == "b"
    assert positive_class(spec_of("classification", target={"positive": "a"}), ("a", "b")) == "a"
    assert positive_class(spec_of(), ()) is None


class Answers:
    """A model that answers what it is told."""

    def __init__(self, values):
        self._values = values

    def predict(self, features):
        return self._values


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.array([1.0, np.nan, 2.0]), "not finite in 1 row"),
        (np.array([1.0, np.inf, -np.inf]), "not finite in 2 row"),
        (np.array([1.0, 2.0]), "expected one value per row"),
        (np.ones((3, 2)), "expected one value per row"),
        (np.array(["a", "b", "c"]), "cannot predict"),
    ],
)
def test_answers_that_cannot_be_used(values, sentence):
    with pytest.raises(DataError, match=sentence):
        predict(Answers(values), pd.DataFrame({"x": [1, 2, 3]}), classify=False)


def test_importance_names_the_feature_that_matters(features):
    truth = features["x"].to_numpy() * 3
    model = Ridge().fit(features, truth)
    found = permutation_importance(model, features, truth, spec_of(), positive=None)
    assert list(found) == ["x", "noise"]
    assert found["x"].value > 1
    assert found["noise"].value == pytest.approx(0, abs=0.05)
