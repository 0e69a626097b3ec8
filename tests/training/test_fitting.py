import numpy as np
import pandas as pd
import pytest
from pipeline_specs import spec_of
from sklearn.linear_model import Ridge

from stageline.evaluation import predict
from stageline.exceptions import DataError
from stageline.training import BASELINES, TrainingRows, fit_baselines, fit_model

RNG = np.random.default_rng(0)
N = 200
FEATURES = pd.DataFrame(
    {
        "event_month": RNG.integers(1, 13, N).astype(float),
        "hum": RNG.random(N),
        "town": RNG.choice(np.array(["x", "y", None], dtype=object), N),
    }
)


def rows(target, features=FEATURES):
    return TrainingRows(features, np.asarray(target), ("event_month", "hum"), ("town",))


AMOUNTS = rows(np.where(FEATURES["event_month"] == 12, 100.0, 1.0))
LABELS = rows(np.where(FEATURES["hum"] > 0.5, "hi", "lo").astype(object))


def test_the_specs_estimator_is_fitted():
    model = fit_model(AMOUNTS, spec_of())
    assert isinstance(model.named_steps["model"], Ridge)
    assert np.isfinite(model.predict(FEATURES)).all()


def test_a_function_of_ones_own_replaces_the_estimator():
    def constant(given, spec):
        assert given is AMOUNTS
        assert spec.target.column == "y"
        return Ridge().fit(given.features[["hum"]].fillna(0), given.target)

    assert isinstance(fit_model(AMOUNTS, spec_of(), constant), Ridge)


@pytest.mark.parametrize("rubbish", [None, 42, "model", [1.0, 2.0], Ridge])
def test_rubbish_from_a_function_is_refused(rubbish):
    def mine(rows, spec):
        return rubbish

    if rubbish is Ridge:  # a class has a predict method, but no model to predict with
        with pytest.raises(DataError, match="cannot predict"):
            predict(fit_model(AMOUNTS, spec_of(), mine), FEATURES, classify=False)
        return
    with pytest.raises(DataError) as refusal:
        fit_model(AMOUNTS, spec_of(), mine)
    kind = type(rubbish).__name__
    assert str(refusal.value) == (
        f"training function 'mine' returned {kind!r}, which has no predict method; "
        "return a fitted scikit-learn estimator"
    )


def test_an_unfitted_model_is_refused_where_it_first_predicts():
    model = fit_model(AMOUNTS, spec_of(), lambda rows, spec: Ridge())
    with pytest.raises(DataError, match="the Ridge cannot predict: This Ridge instance is not fitted yet"):
        predict(model, FEATURES[["hum"]], classify=False)


@pytest.mark.parametrize(
    ("task", "estimator", "target", "sentence"),
    [
        ("regression", "sklearn.linear_model.GammaRegressor", np.linspace(-1, 1, N), "Some value(s) of y are out of"),
        ("regression", "sklearn.isotonic.IsotonicRegression", np.arange(N, dtype=float), "should be a 1d array"),
        ("classification", "sklearn.naive_bayes.MultinomialNB", ["a", "b"] * (N // 2), "Negative values in data"),
        ("classification", "sklearn.linear_model.LogisticRegression", ["a"] * N, "at least 2 classes"),
    ],
)
def test_an_estimator_that_refuses_the_rows_says_so(task, estimator, target, sentence):
    with pytest.raises(DataError) as refusal:
        fit_model(rows(target), spec_of(task, train={"estimator": estimator}))
    assert str(refusal.value).startswith(f"{estimator} cannot be fitted: ")
    assert sentence in str(refusal.value)


def test_fitting_twice_gives_the_same_predictions():
    spec = spec_of(train={"estimator": "sklearn.ensemble.RandomForestRegressor", "params": {"n_estimators": 5}})
    one, two = (fit_model(AMOUNTS, spec).predict(FEATURES) for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_warnings_of_an_estimator_are_shown_not_hidden():
    params = {"estimator": "sklearn.neural_network.MLPRegressor", "params": {"max_iter": 1}}
    with pytest.warns(UserWarning, match="Maximum iterations"):
        fit_model(AMOUNTS, spec_of(train=params))


def test_both_baselines_are_fitted():
    models = fit_baselines(AMOUNTS, spec_of())
    assert set(models) == set(BASELINES) == {"dummy", "linear"}
    for model in models.values():
        assert np.isfinite(model.predict(FEATURES)).all()


@pytest.mark.parametrize(
    ("metric", "constant"),
    [("mean_absolute_error", 1.0), ("median_absolute_error", 1.0), ("mean_squared_error", None), ("r2_score", None)],
)
def test_the_constant_is_the_best_one_for_the_kpi(metric, constant):
    dummy = fit_baselines(AMOUNTS, spec_of(kpi={"metric": metric}))["dummy"]
    expected = AMOUNTS.target.mean() if constant is None else constant
    np.testing.assert_allclose(dummy.predict(FEATURES), expected)


def test_the_line_sees_months_as_categories():
    line = fit_baselines(AMOUNTS, spec_of())["linear"]
    december = FEATURES.assign(event_month=12.0)
    assert np.abs(line.predict(december) - 100).max() < 15


def test_baselines_of_classes_give_probabilities():
    models = fit_baselines(LABELS, spec_of("classification"))
    share = (LABELS.target == "hi").mean()
    np.testing.assert_allclose(models["dummy"].predict_proba(FEATURES)[:, 0], share)
    assert (models["linear"].predict(FEATURES) == LABELS.target).mean() > 0.9


def test_baselines_take_categories_they_never_saw():
    unseen = FEATURES.assign(town=np.array(["elsewhere"] * N, dtype=object))
    assert np.isfinite(fit_baselines(AMOUNTS, spec_of())["linear"].predict(unseen)).all()
