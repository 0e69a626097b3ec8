import numpy as np
import pandas as pd
import pytest
from pipeline_specs import spec_of
from sklearn.base import BaseEstimator

from stageline.exceptions import SpecError
from stageline.spec.models import Train
from stageline.training import build_estimator, check_estimator
from stageline.training.estimators import impute_and_encode

NAN_ABLE = ("ensemble.HistGradientBoostingRegressor", "ensemble.RandomForestRegressor", "tree.DecisionTreeRegressor")
NOT_NAN_ABLE = ("linear_model.Ridge", "neighbors.KNeighborsRegressor", "svm.SVR", "ensemble.GradientBoostingRegressor")
CLASSIFIERS = ("ensemble.HistGradientBoostingClassifier", "linear_model.LogisticRegression")


def train(path, **params):
    if "HistGradient" in path:
        params.setdefault("max_iter", 5)
    return Train(estimator=f"sklearn.{path}", params=params)


def frame(rows=120, *, nulls=True, seed=0):
    rng = np.random.default_rng(seed)
    columns = {
        "a": rng.random(rows),
        "b": rng.random(rows) * 100,
        "town": rng.choice(np.array(["x", "y", "z"], dtype=object), rows),
    }
    if nulls:
        columns["a"][::7] = np.nan
        columns["town"][::5] = None
    return pd.DataFrame(columns)


@pytest.mark.parametrize("path", [*NAN_ABLE, *NOT_NAN_ABLE])
def test_every_estimator_takes_nulls_texts_and_categories_it_never_saw(path):
    features = frame()
    model = build_estimator(train(path), ["a", "b"], ["town"]).fit(features, features["b"])
    unseen = pd.DataFrame(
        {"a": [np.nan, 0.5], "b": [np.nan, 50.0], "town": np.array(["elsewhere", None], dtype=object)}
    )
    assert np.isfinite(model.predict(unseen)).all()


@pytest.mark.parametrize("path", NAN_ABLE)
def test_what_takes_nan_gets_it_unfilled(path):
    columns = build_estimator(train(path), ["a", "b"], ["town"]).named_steps["columns"]
    out = columns.fit_transform(frame())
    assert out.shape == (120, 3)
    assert np.isnan(out[::7, 0]).all()
    assert np.isnan(out[::5, 2]).all()


@pytest.mark.parametrize("path", NOT_NAN_ABLE)
def test_what_takes_no_nan_gets_none(path):
    columns = build_estimator(train(path), ["a", "b"], ["town"]).named_steps["columns"]
    out = columns.fit_transform(frame())
    assert out.shape == (120, 2 + 4)  # three towns and the missing one
    assert np.isfinite(out).all()


def test_a_column_that_is_null_in_training_is_no_obstacle():
    features = frame(nulls=False).assign(a=np.nan)
    model = build_estimator(train("linear_model.Ridge"), ["a", "b"], ["town"]).fit(features, features["b"])
    assert np.isfinite(model.predict(frame())).all()


def test_one_hot_columns_are_limited():
    names = [f"town {i}" for i in range(60)]
    features = pd.DataFrame({"town": np.array(names * 2 + names[:30] * 5, dtype=object)})
    out = impute_and_encode([], ["town"]).fit_transform(features)
    assert out.shape[1] == 50
    unseen = impute_and_encode([], ["town"]).fit(features).transform(
        pd.DataFrame({"town": np.array(["never seen"], dtype=object)})
    )  # fmt: skip
    assert unseen.sum() == 1
    assert unseen[0, -1] == 1


@pytest.mark.parametrize("max_bins", [255, 64])
def test_many_categories_fit_into_histogram_bins(max_bins):
    names = np.array([f"town {i}" for i in range(400)] * 2, dtype=object)
    features = pd.DataFrame({"a": np.arange(800.0), "town": names})
    estimator = train("ensemble.HistGradientBoostingRegressor", max_iter=5, max_bins=max_bins)
    model = build_estimator(estimator, ["a"], ["town"]).fit(features, features["a"])
    assert model.named_steps["model"].is_categorical_.tolist() == [False, True]
    assert np.isfinite(model.predict(features)).all()


def test_categorical_features_of_ones_own_are_respected():
    estimator = train("ensemble.HistGradientBoostingRegressor", categorical_features=None)
    assert build_estimator(estimator, ["a"], ["town"]).named_steps["model"].categorical_features is None


@pytest.mark.parametrize("path", ["ensemble.RandomForestRegressor", "ensemble.HistGradientBoostingRegressor"])
def test_the_seed_decides(path):
    features = frame(nulls=False)
    target = features["a"] + np.random.default_rng(1).normal(size=120)

    def predict(seed):
        spec = train(path, max_features=0.5).model_copy(update={"seed": seed})
        return build_estimator(spec, ["a", "b"], ["town"]).fit(features, target).predict(features)

    np.testing.assert_array_equal(predict(3), predict(3))
    assert (predict(3) != predict(4)).any()


def test_a_random_state_of_ones_own_wins_over_the_seed():
    estimator = train("ensemble.RandomForestRegressor", random_state=99)
    assert build_estimator(estimator, ["a"], []).named_steps["model"].random_state == 99


@pytest.mark.parametrize("path", CLASSIFIERS)
@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [False, True], ["a", "b", "c"], [0.0, 1.0]])
def test_labels_may_be_texts_numbers_or_booleans(path, labels):
    features = frame()
    target = np.array(
        [labels[i % len(labels)] for i in range(120)], dtype=object if isinstance(labels[0], str) else None
    )
    model = build_estimator(train(path), ["a", "b"], ["town"]).fit(features, target)
    assert model.classes_.tolist() == labels
    assert set(model.predict(features)) <= set(labels)


@pytest.mark.parametrize(
    ("task", "path", "params", "kpi", "sentence"),
    [
        (
            "regression",
            "sklearn.ensemble.RandomForestRegresor",
            {},
            {},
            "train.estimator 'sklearn.ensemble.RandomForestRegresor': scikit-learn has no such estimator; did you mean "
            "'sklearn.ensemble.RandomForestRegressor'?",
        ),
        (
            "regression",
            "sklearn.linear_model.RandomForestRegressor",
            {},
            {},
            "train.estimator 'sklearn.linear_model.RandomForestRegressor': RandomForestRegressor is not there; "
            "did you mean 'sklearn.ensemble.RandomForestRegressor'?",
        ),
        (
            "regression",
            "sklearn.nowhere.Ridge",
            {},
            {},
            "train.estimator 'sklearn.nowhere.Ridge': Ridge is not there; did you mean 'sklearn.linear_model.Ridge'?",
        ),
        (
            "regression",
            "sklearn.Xyz",
            {},
            {},
            "scikit-learn has no such estimator; use the path of a scikit-learn estimator",
        ),
        (
            "regression",
            "sklearn.preprocessing.StandardScaler",
            {},
            {},
            "train.estimator 'sklearn.preprocessing.StandardScaler': scikit-learn has no such estimator; ",
        ),
        (
            "regression",
            "sklearn.ensemble.RandomForestClassifier",
            {},
            {},
            "train.estimator 'sklearn.ensemble.RandomForestClassifier' does not do regression",
        ),
        (
            "classification",
            "sklearn.linear_model.Ridge",
            {},
            {},
            "train.estimator 'sklearn.linear_model.Ridge' does not do classification",
        ),
        (
            "regression",
            "sklearn.linear_model.Ridge",
            {"alpa": 1.0},
            {},
            "train.params.alpa: sklearn.linear_model.Ridge has no such parameter; did you mean 'alpha'?",
        ),
        (
            "regression",
            "sklearn.linear_model.Ridge",
            {"zzz": 1.0},
            {},
            "train.params.zzz: sklearn.linear_model.Ridge has no such parameter; known: alpha, ",
        ),
        (
            "regression",
            "sklearn.linear_model.Ridge",
            {"alpha": "much"},
            {},
            "train.params: The 'alpha' parameter of Ridge must be ",
        ),
        (
            "regression",
            "sklearn.ensemble.HistGradientBoostingRegressor",
            {"max_iter": -5},
            {},
            "train.params: The 'max_iter' parameter of HistGradientBoostingRegressor must be an int in the range",
        ),
        (
            "regression",
            "sklearn.ensemble.VotingRegressor",
            {},
            {},
            "train.estimator 'sklearn.ensemble.VotingRegressor' is made from other estimators (estimators), which YAML "
            "cannot name; write a training function (see dags/examples)",
        ),
        (
            "classification",
            "sklearn.svm.LinearSVC",
            {},
            {"metric": "roc_auc_score"},
            "kpi.metric 'roc_auc_score' needs probabilities, which sklearn.svm.LinearSVC does not give with these "
            "parameters; choose another metric or estimator",
        ),
        (
            "classification",
            "sklearn.linear_model.SGDClassifier",
            {"loss": "hinge"},
            {"metric": "log_loss"},
            "kpi.metric 'log_loss' needs probabilities, which sklearn.linear_model.SGDClassifier does not give",
        ),
    ],
)
def test_an_estimator_that_cannot_work_is_refused(task, path, params, kpi, sentence):
    with pytest.raises(SpecError) as refusal:
        check_estimator(spec_of(task, train={"estimator": path, "params": params}, kpi=kpi))
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("task", "path", "params", "kpi"),
    [
        ("regression", "sklearn.ensemble._forest.RandomForestRegressor", {}, {}),
        ("classification", "sklearn.svm.LinearSVC", {}, {}),
        ("classification", "sklearn.linear_model.SGDClassifier", {"loss": "log_loss"}, {"metric": "log_loss"}),
        ("regression", "sklearn.neural_network.MLPRegressor", {"hidden_layer_sizes": [10, 5]}, {}),
    ],
)
def test_an_estimator_that_can_work_passes(task, path, params, kpi):
    check_estimator(spec_of(task, train={"estimator": path, "params": params}, kpi=kpi))


@pytest.mark.parametrize("path", ["os.Ridge", "evil.Ridge", "Ridge", "sklearnevil.Ridge", "subprocess.Popen"])
def test_nothing_outside_scikit_learn_is_even_imported(path, monkeypatch):
    def no_import(name):
        pytest.fail(f"{name} was imported")

    monkeypatch.setattr("importlib.import_module", no_import)
    spec = Train.model_construct(estimator=path, params={}, holdout=0.2, seed=0)
    with pytest.raises(SpecError, match=f"train.estimator '{path}': scikit-learn has no such estimator"):
        build_estimator(spec, ["a"], [])


def test_what_is_built_is_unfitted_and_scikit_learns_own():
    model = build_estimator(train("linear_model.Ridge"), ["a"], [])
    assert isinstance(model, BaseEstimator)
    assert not hasattr(model.named_steps["model"], "coef_")
