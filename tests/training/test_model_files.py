import functools
import os
import subprocess

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from stageline.exceptions import ArtifactError
from stageline.spec.models import Train
from stageline.training import build_estimator, load_model, save_model
from stageline.training.model_file import digest_file

REGRESSORS = {
    "linear_model.Ridge": {},
    "linear_model.ElasticNet": {},
    "linear_model.HuberRegressor": {},
    "linear_model.TweedieRegressor": {"power": 1.5},
    "linear_model.SGDRegressor": {},
    "tree.DecisionTreeRegressor": {},
    "ensemble.RandomForestRegressor": {"n_estimators": 3},
    "ensemble.ExtraTreesRegressor": {"n_estimators": 3},
    "ensemble.GradientBoostingRegressor": {"n_estimators": 3},
    "ensemble.HistGradientBoostingRegressor": {"max_iter": 3, "loss": "poisson"},
    "ensemble.AdaBoostRegressor": {"n_estimators": 3},
    "ensemble.BaggingRegressor": {"n_estimators": 3},
    "neighbors.KNeighborsRegressor": {"algorithm": "ball_tree", "metric": "manhattan"},
    "svm.SVR": {},
    "gaussian_process.GaussianProcessRegressor": {},
    "neural_network.MLPRegressor": {"hidden_layer_sizes": [3], "solver": "lbfgs", "max_iter": 500},
}
CLASSIFIERS = {
    "linear_model.LogisticRegression": {},
    "linear_model.SGDClassifier": {"loss": "log_loss"},
    "tree.DecisionTreeClassifier": {},
    "ensemble.RandomForestClassifier": {"n_estimators": 3},
    "ensemble.ExtraTreesClassifier": {"n_estimators": 3},
    "ensemble.GradientBoostingClassifier": {"n_estimators": 3},
    "ensemble.HistGradientBoostingClassifier": {"max_iter": 3},
    "ensemble.AdaBoostClassifier": {"n_estimators": 3},
    "ensemble.BaggingClassifier": {"n_estimators": 3},
    "neighbors.KNeighborsClassifier": {"algorithm": "kd_tree"},
    "svm.SVC": {},
    "naive_bayes.GaussianNB": {},
    "discriminant_analysis.LinearDiscriminantAnalysis": {},
    "calibration.CalibratedClassifierCV": {},
}

RNG = np.random.default_rng(0)
FEATURES = pd.DataFrame(
    {"a": RNG.random(60), "b": RNG.random(60), "town": np.array(["x", "y", None] * 20, dtype=object)}
)
AMOUNTS = FEATURES["a"].to_numpy() + 0.5
LABELS = np.where(RNG.random(60) > 0.5, "hi", "lo").astype(object)


@pytest.mark.parametrize("path", [*REGRESSORS, *CLASSIFIERS])
def test_a_model_comes_back_as_it_was(tmp_path, path):
    params = {**REGRESSORS, **CLASSIFIERS}[path]
    target = AMOUNTS if path in REGRESSORS else LABELS
    model = build_estimator(Train(estimator=f"sklearn.{path}", params=params), ["a", "b"], ["town"])
    model.fit(FEATURES, target)
    file = tmp_path / "model.skops"
    digest = save_model(model, file)
    assert digest == digest_file(file)
    loaded = load_model(file, digest=digest)
    np.testing.assert_array_equal(loaded.predict(FEATURES), model.predict(FEATURES))
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(loaded.predict_proba(FEATURES), model.predict_proba(FEATURES))


@pytest.fixture
def stored(tmp_path):
    file = tmp_path / "model.skops"
    return file, save_model(Ridge().fit(FEATURES[["a"]], AMOUNTS), file)


def test_a_file_that_was_edited_is_refused_by_its_digest(stored):
    file, digest = stored
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArtifactError) as refusal:
        load_model(file, digest=digest)
    assert str(refusal.value) == (
        f"'model.skops' has digest {digest_file(file)}, recorded at training was {digest}: the artifact was changed "
        "or replaced; train again"
    )


def test_another_model_is_refused_by_its_digest(stored):
    file, digest = stored
    save_model(DummyRegressor().fit(FEATURES[["a"]], AMOUNTS), file)
    with pytest.raises(ArtifactError, match="the artifact was changed or replaced"):
        load_model(file, digest=digest)


HOSTILE = {
    "a command": (FunctionTransformer(os.system), "posix.system"),
    "a command in a partial": (functools.partial(os.system, "exit 3"), "posix.system"),
    "a command in a pipeline": (make_pipeline(FunctionTransformer(os.system), Ridge()), "posix.system"),
    "a process": (FunctionTransformer(subprocess.run), "subprocess.run"),
    "eval": (functools.partial(eval, "1"), "builtins.eval"),
}


@pytest.mark.parametrize(("thing", "named"), HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_holds_a_command_is_refused_even_with_the_right_digest(tmp_path, monkeypatch, thing, named):
    file = tmp_path / "model.skops"
    skops.io.dump(thing, file)
    monkeypatch.setattr(skops.io, "loads", lambda *_, **__: pytest.fail("the file was loaded"))
    with pytest.raises(ArtifactError, match=rf"'model.skops' holds types nobody trusts: .*{named}") as refusal:
        load_model(file, digest=digest_file(file))
    assert "if they are yours, list them in [stageline] trusted_types" in str(refusal.value)


@pytest.mark.parametrize(("thing", "named"), HOSTILE.values(), ids=HOSTILE)
def test_a_model_that_holds_a_command_is_not_even_written(tmp_path, thing, named):
    file = tmp_path / "model.skops"
    with pytest.raises(ArtifactError, match=named):
        save_model(thing, file)
    assert not file.exists()


class Mine(Ridge):
    pass


def test_a_type_of_ones_own_is_loaded_once_it_is_trusted(tmp_path):
    file, model = tmp_path / "model.skops", Mine().fit(FEATURES[["a"]], AMOUNTS)
    name = f"{Mine.__module__}.Mine"
    with pytest.raises(ArtifactError, match=f"'model.skops' holds types nobody trusts: {name}; if they are yours"):
        save_model(model, file)
    digest = save_model(model, file, trusted_types=[name])
    with pytest.raises(ArtifactError, match=name):
        load_model(file, digest=digest)
    assert isinstance(load_model(file, digest=digest, trusted_types=[name]), Mine)


def test_what_skops_cannot_write_is_refused(tmp_path):
    with pytest.raises(ArtifactError, match="a generator cannot be written in the skops format: "):
        save_model((i for i in range(3)), tmp_path / "model.skops")
