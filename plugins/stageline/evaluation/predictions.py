"""What a model says about rows: values or classes with probabilities, checked to be usable."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Predictions:
    """One model's predictions.

    :param values: Predicted values or class labels, shape (n,).
    :param probabilities: Probability per class, shape (n, classes); none for regression.
    :param classes: The classes in the order of the columns of `probabilities`.
    """

    values: "np.ndarray"
    probabilities: "np.ndarray | None" = None
    classes: tuple[Any, ...] = ()

    def of_class(self, label: Any) -> "np.ndarray":
        """Return the probability of one class, shape (n,)."""
        if self.probabilities is None:
            raise DataError("the model gives no probabilities; choose an estimator with predict_proba")
        return self.probabilities[:, self.classes.index(label)]


def predict(model: Any, features: "pd.DataFrame", *, classify: bool) -> Predictions:
    """Ask a model about rows.

    :param features: Frame of shape (n, features).
    :raises DataError: The wrong number of predictions, or one that is not finite.
    """
    import numpy as np

    values = np.asarray(model.predict(features))
    if values.shape != (len(features),):
        raise DataError(f"the model answered {values.shape} for {len(features):,} rows; expected one value per row")
    if not classify:
        values = values.astype(float)
        _require_finite(values, "prediction")
        return Predictions(values)
    if not hasattr(model, "predict_proba"):
        return Predictions(values.astype(object), None, tuple(model.classes_.tolist()))
    probabilities = np.asarray(model.predict_proba(features), dtype=float)
    _require_finite(probabilities, "probability")
    return Predictions(values.astype(object), probabilities, tuple(model.classes_.tolist()))


def _require_finite(values: "np.ndarray", what: str) -> None:
    import numpy as np

    bad = ~np.isfinite(values)
    if bad.any():
        row = int(np.flatnonzero(bad.reshape(len(values), -1).any(axis=1))[0])
        raise DataError(f"the model's {what} is not finite in {int(bad.sum()):,} row(s), first in row {row + 1:,}")
