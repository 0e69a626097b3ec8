"""Fitting the model: the spec's estimator, or a function of the user's own."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.spec.models import PipelineSpec
from stageline.training.estimators import build_estimator

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class TrainingRows:
    """What a model is fitted on.

    :param features: Frame of shape (rows, features): numbers as float64, nulls NaN; texts as objects, nulls None.
    :param target: Values as float64, or class labels: whole numbers, booleans, or texts as objects; shape (rows,).
    :param numeric: Names of the numeric features.
    :param categorical: Names of the text features.
    """

    features: "pd.DataFrame"
    target: "np.ndarray"
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]


# A function of the user's own: rows and spec in, a fitted scikit-learn estimator out.
TrainingFunction = Callable[[TrainingRows, PipelineSpec], Any]


def fit_model(rows: TrainingRows, spec: PipelineSpec, function: TrainingFunction | None = None) -> Any:
    """Return the fitted model.

    :param function: Replaces the spec's estimator.
    :raises DataError: The estimator refuses the rows, or what the function returned cannot predict.
    """
    if function is not None:
        model = function(rows, spec)
    else:
        model = build_estimator(spec.train, rows.numeric, rows.categorical)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("default")
                model.fit(rows.features, rows.target)
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError(f"{spec.train.estimator} cannot be fitted: {error}") from error
    if not callable(getattr(model, "predict", None)):
        name = getattr(function, "__name__", repr(function))
        raise DataError(
            f"training function {name!r} returned {type(model).__name__!r}, which has no predict method; "
            "return a fitted scikit-learn estimator"
        )
    return model
