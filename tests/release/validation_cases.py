"""Trained models with what training would have recorded about them."""

import numpy as np
import odd_models
import pandas as pd

from stageline.release.validation.judge import Limits, Recorded
from stageline.release.validation.validate import Question, validate_model
from stageline.spec.models import Train
from stageline.training import RecordedExample, TrainingRows, build_estimator, library_versions, save_model
from stageline.training.model_file import digest_file

ROWS = 150
ODD = tuple(
    f"odd_models.{name}" for name, kind in vars(odd_models).items() if isinstance(kind, type) and name != "Path"
)


def training_rows(target):
    numbers = np.arange(ROWS, dtype=float)
    numbers[3] = np.nan
    towns = pd.Series(["x", "y", None] * (ROWS // 3), dtype=object)
    return TrainingRows(pd.DataFrame({"a": numbers, "town": towns}), np.asarray(target), ("a",), ("town",))


AMOUNTS = training_rows(np.arange(ROWS) * 1.5 + 1)
LABELS = training_rows(np.array(["hi", "lo", "mid"] * (ROWS // 3), dtype=object))
TARGETS = {"regression": AMOUNTS, "classification": LABELS}


def trained(rows, estimator, **params):
    model = build_estimator(Train(estimator=f"sklearn.{estimator}", params=params), rows.numeric, rows.categorical)
    return model.fit(rows.features, rows.target)


def recorded_for(path, example):
    return Recorded(digest_file(path), path.stat().st_size, library_versions(), example)


def store(folder, model, rows, *, classify=False, recorded_by=None):
    """Save a model as training does; the example is what `recorded_by` answers, or the model itself."""
    path = folder / "model.skops"
    save_model(model, path, trusted_types=ODD)
    example = RecordedExample.take(recorded_by or model, rows, classify=classify)
    return path, recorded_for(path, example)


def store_odd(folder, model):
    return store(folder, model, AMOUNTS, recorded_by=odd_models.Steady())


def validated(folder, path, recorded, *, limits=None, classify=False, trusted=ODD, private=False):
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    question = Question(classify=classify, trusted_types=trusted, private=private)
    checks = validate_model(path, recorded, limits or Limits(seconds=120), question, scratch)
    return {check.name: check for check in checks}
