import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from pipeline_specs import spec_of
from rough_intervals import roughen
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from stageline.evaluation import Predictions, blocks_of, evaluate_models, permutation_importance, predict
from stageline.evaluation.evaluate import positive_class
from stageline.exceptions import DataError

RNG = np.random.default_rng(0)
N = 120
FEATURES = pd.DataFrame({"tells": RNG.random(N), "noise": RNG.random(N)})
AMOUNTS = FEATURES["tells"].to_numpy() * 10 + RNG.normal(size=N)
LABELS = {
    "texts": np.where(FEATURES["tells"] + RNG.normal(size=N) * 0.1 > 0.5, "yes", "no").astype(object),
    "numbers": (FEATURES["tells"] > 0.5).to_numpy().astype(int),
    "booleans": (FEATURES["tells"] > 0.5).to_numpy(),
}


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    roughen(monkeypatch, 60, 60, shuffles=5)


def evaluate(truth, models, spec):
    return evaluate_models(truth, models, blocks_of(len(truth), None), spec)


def fitted(truth, *, classify):
    kinds = (LogisticRegression, DummyClassifier) if classify else (LinearRegression, DummyRegressor)
    models = dict(zip(("model", "dummy"), kinds, strict=True))
    return {name: predict(kind().fit(FEATURES, truth), FEATURES, classify=classify) for name, kind in models.items()}


def test_every_metric_of_every_model_has_an_interval_around_it():
    evaluation = evaluate(AMOUNTS, fitted(AMOUNTS, classify=False), spec_of())
    assert evaluation.n == N
    assert evaluation.resampled == "120 single rows"
    assert [metric.name for metric in evaluation.metrics] == [
        "mean_absolute_error", "root_mean_squared_error", "r2_score",
    ]  # fmt: skip
    for metric in evaluation.metrics:
        for who, estimate in metric.estimates.items():
            if (metric.name, who) != ("r2_score", "dummy"):  # its resamples lie below the mean's own zero
                assert estimate.low <= estimate.value <= estimate.high
    assert evaluation.kpi.name == "mean_absolute_error"


@pytest.mark.parametrize("metric", ["mean_absolute_error", "r2_score"])
def test_an_improvement_is_positive_where_the_model_is_better_in_both_directions(metric):
    models = fitted(AMOUNTS, classify=False)
    evaluation = evaluate(AMOUNTS, models, spec_of(kpi={"metric": metric}))
    (improvement,) = evaluation.improvements
    assert improvement.over == "dummy"
    assert 0 < improvement.estimate.low < improvement.estimate.value < improvement.estimate.high
    own, other = (getattr(sk, metric)(AMOUNTS, models[who].values) for who in ("model", "dummy"))
    assert improvement.estimate.value == pytest.approx(abs(own - other))
    assert improvement.relative == (pytest.approx(abs(own - other) / abs(other)) if other else None)


def test_differences_are_taken_on_the_same_resamples():
    models = fitted(AMOUNTS, classify=False)
    twins = {"model": models["model"], "dummy": models["model"]}
    estimate = evaluate(AMOUNTS, twins, spec_of()).improvements[0].estimate
    assert (estimate.value, estimate.low, estimate.high) == (0, 0, 0)


def test_an_improvement_over_nothing_has_no_relative_size():
    perfect = {"model": Predictions(AMOUNTS + 1), "dummy": Predictions(AMOUNTS)}
    assert evaluate(AMOUNTS, perfect, spec_of()).improvements[0].relative is None


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("metric", ["roc_auc_score", "recall_score", "log_loss", "brier_score_loss"])
def test_two_classes_of_any_type_are_evaluated(kind, metric):
    truth = LABELS[kind]
    spec = spec_of("classification", kpi={"metric": metric})
    models = fitted(truth, classify=True)
    evaluation = evaluate(truth, models, spec)
    meant = sorted(set(truth.tolist()))[1]
    if metric == "recall_score":
        guesses = models["model"].values  # noqa: PD011 - ours, not pandas'
        expected = sk.recall_score(truth == meant, guesses == meant)
    else:
        expected = getattr(sk, metric)(truth == meant, models["model"].probabilities[:, 1])
    assert evaluation.kpi.estimates["model"].value == pytest.approx(expected)


def test_the_declared_positive_class_is_the_one_that_is_meant():
    truth = LABELS["texts"]
    models = fitted(truth, classify=True)
    spec = spec_of("classification", kpi={"metric": "precision_score"}, target={"positive": "no"})
    expected = sk.precision_score(truth, models["model"].values, pos_label="no")
    assert evaluate(truth, models, spec).kpi.estimates["model"].value == pytest.approx(expected)
    assert positive_class(spec, ("no", "yes")) == "no"
    assert positive_class(spec_of("classification"), ("no", "yes")) == "yes"
    assert positive_class(spec_of(), ()) is None


@pytest.mark.parametrize("metric", ["f1_score", "roc_auc_score", "log_loss"])
def test_three_classes_are_evaluated(metric):
    truth = np.array(["a", "b", "c"], dtype=object)[(FEATURES["tells"] * 3).astype(int)]
    evaluation = evaluate(truth, fitted(truth, classify=True), spec_of("classification", kpi={"metric": metric}))
    assert evaluation.kpi.name == metric
    assert np.isfinite(evaluation.kpi.estimates["model"].value)


def test_a_class_that_training_never_saw_is_refused():
    truth = LABELS["texts"].copy()
    models = fitted(truth, classify=True)
    truth[3] = "maybe"
    with pytest.raises(
        DataError, match=r"the holdout holds class 'maybe', which training never saw \(it saw no, yes\)"
    ):
        evaluate(truth, models, spec_of("classification"))


def test_a_kpi_that_is_not_defined_on_the_holdout_is_no_number_but_no_error():
    truth = np.array(["no"] * N, dtype=object)
    models = fitted(LABELS["texts"], classify=True)
    evaluation = evaluate(truth, models, spec_of("classification", kpi={"metric": "roc_auc_score"}))
    assert np.isnan(evaluation.kpi.estimates["model"].value)
    assert evaluation.kpi.estimates["model"].low is None
    assert np.isfinite({m.name: m for m in evaluation.metrics}["log_loss"].estimates["model"].value)


def test_a_metric_beside_the_kpi_never_stops_an_evaluation():
    truth = np.array(["no"] * N, dtype=object)
    evaluation = evaluate(truth, fitted(LABELS["texts"], classify=True), spec_of("classification"))
    assert np.isfinite(evaluation.kpi.estimates["model"].value)


def test_a_kpi_that_cannot_be_computed_is_refused():
    truth = AMOUNTS.copy()
    truth[0] = np.nan
    with pytest.raises(
        DataError, match="mean_absolute_error of the model is not defined on the holdout: Input contains"
    ):
        evaluate(truth, fitted(AMOUNTS, classify=False), spec_of())


@pytest.mark.parametrize("metric", ["mean_absolute_error", "r2_score"])
def test_what_the_model_needs_is_more_important_than_noise(metric):
    model = LinearRegression().fit(FEATURES, AMOUNTS)
    found = permutation_importance(model, FEATURES, AMOUNTS, spec_of(kpi={"metric": metric}), positive=None)
    assert list(found) == ["tells", "noise"]
    assert found["tells"].low > found["noise"].high
    for estimate in found.values():
        assert estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("metric", ["f1_score", "roc_auc_score"])
def test_importance_of_classes_of_any_type(kind, metric):
    truth = LABELS[kind]
    model = LogisticRegression().fit(FEATURES, truth)
    spec = spec_of("classification", kpi={"metric": metric})
    found = permutation_importance(model, FEATURES, truth, spec, positive=sorted(set(truth.tolist()))[1])
    assert next(iter(found)) == "tells"
    assert found["tells"].value > 0


def test_importance_of_many_rows_keeps_a_rare_class():
    rows = 5_000
    features = pd.DataFrame({"a": np.arange(rows) / rows})
    truth = np.array(["no"] * (rows - 1) + ["yes"], dtype=object)
    model = LogisticRegression(C=1e6).fit(features, truth)
    spec = spec_of("classification", kpi={"metric": "roc_auc_score"})
    assert permutation_importance(model, features, truth, spec, positive="yes")["a"].value > 0


def test_without_a_kpi_there_is_no_importance():
    model = LogisticRegression().fit(FEATURES, LABELS["texts"])
    spec = spec_of("classification", kpi={"metric": "roc_auc_score"})
    assert permutation_importance(model, FEATURES, np.array(["no"] * N, dtype=object), spec, positive="yes") == {}


def test_importance_is_the_same_every_time():
    model = LinearRegression().fit(FEATURES, AMOUNTS)
    one, two = (permutation_importance(model, FEATURES, AMOUNTS, spec_of(), positive=None) for _ in range(2))
    assert one == two
