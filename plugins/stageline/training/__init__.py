"""Fitting a pipeline's estimator beside the baselines it has to beat."""

from stageline.training.baselines import BASELINES, fit_baselines
from stageline.training.estimators import build_estimator, check_estimator
from stageline.training.fit import TrainingFunction, TrainingRows, fit_model
from stageline.training.model_file import TRUSTED_TYPES, load_model, save_model
from stageline.training.recorded_example import RecordedExample, library_versions

__all__ = [
    "BASELINES",
    "TRUSTED_TYPES",
    "RecordedExample",
    "TrainingFunction",
    "TrainingRows",
    "build_estimator",
    "check_estimator",
    "fit_baselines",
    "fit_model",
    "library_versions",
    "load_model",
    "save_model",
]
