"""What a model says about rows: values or classes with probabilities, checked to be usable."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError, StagelineError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

NO_PROBABILITIES = "the model gives no probabilities; choose an estimator with predict_proba, or another KPI"


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
            raise DataError(NO_PROBABILITIES)
        return self.probabilities[:, self.classes.index(label)]

    def only(self, rows: "np.ndarray") -> "Predictions":
        """Return the predictions of some rows.

        :param rows: Shape (n,), true for the rows to keep.
        """
        probabilities = None if self.probabilities is None else self.probabilities[rows]
        return Predictions(self.values[rows], probabilities, self.classes)


def predict(model: Any, features: "pd.DataFrame", *, classify: bool) -> Predictions:
    """Ask a model about rows.

    :param features: Frame of shape (n, features).
    :raises DataError: The model cannot answer, gives the wrong number of predictions, or one that is not finite.
    """
    import numpy as np

    kind = type(model).__name__
    with refusing(kind, "cannot predict"):
        values = np.asarray(model.predict(features))
        if values.shape != (len(features),):
            raise DataError(
                f"the {kind} answered {values.shape} for {len(features):,} rows; expected one value per row"
            )
        if not classify:
            values = values.astype(float)
            _require_finite(values, kind, "prediction")
            return Predictions(values)
        classes = tuple(np.asarray(model.classes_).tolist())
        if not hasattr(model, "predict_proba"):
            return Predictions(values.astype(object), None, classes)
        probabilities = np.asarray(model.predict_proba(features), dtype=float)
    if probabilities.shape != (len(features), len(classes)):
        raise DataError(
            f"the {kind} gave probabilities of shape {probabilities.shape} for {len(features):,} rows and "
            f"{len(classes)} classes"
        )
    _require_finite(probabilities, kind, "probability")
    return Predictions(values.astype(object), probabilities, classes)


@contextmanager
def refusing(kind: str, what: str) -> Iterator[None]:
    """Turn whatever a model raises into an error that names the model: its code may come from anywhere.

    :param kind: The model's class.
    :param what: What it cannot do.
    :raises DataError: In place of the model's own.
    """
    try:
        yield
    except StagelineError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"the {kind} {what}: {error}") from error
    except Exception as error:
        first = next(iter(str(error).strip().splitlines()), "")
        told = f"{type(error).__name__}: {first}" if first else type(error).__name__
        raise DataError(f"the {kind} {what}: {told}") from error


def coded(predictions: Predictions, classes: tuple[Any, ...]) -> Predictions:
    """Return predictions in which each class is its position in `classes`.

    :raises DataError: The model that predicted knows other classes.
    """
    if set(predictions.classes) != set(classes):
        raise DataError(f"one model knows the classes {predictions.classes}, another {classes}; compare like with like")
    probabilities = predictions.probabilities
    if probabilities is not None:
        probabilities = probabilities[:, [predictions.classes.index(label) for label in classes]]
    return Predictions(codes_of(predictions.values, classes), probabilities, tuple(range(len(classes))))


def codes_of(labels: "np.ndarray", classes: tuple[Any, ...]) -> "np.ndarray":
    """Return each label's position in `classes`, shape (n,).

    :raises DataError: A label is none of them.
    """
    import numpy as np

    codes = {label: code for code, label in enumerate(classes)}
    unseen = {label for label in labels.tolist() if label not in codes}
    if unseen:
        raise DataError(
            f"the holdout holds class {min(map(str, unseen))!r}, which training never saw "
            f"(it saw {', '.join(map(str, classes))}); bring more rows, or leave the class out"
        )
    return np.fromiter((codes[label] for label in labels.tolist()), dtype=np.int64, count=len(labels))


def _require_finite(values: "np.ndarray", kind: str, what: str) -> None:
    import numpy as np

    bad = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if bad.any():
        raise DataError(
            f"the {kind}'s {what} is not finite in {int(bad.sum()):,} row(s), first in row {int(bad.argmax()) + 1:,}"
        )
