"""Metrics that are a function of means over rows: on resamples of many rows they cost a multiplication."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from stageline.evaluation.predictions import Predictions

# Of the largest square, below which the truth's variance is rounding.
_NO_VARIANCE = 1e-12


@dataclass(frozen=True)
class Summed:
    """A metric on some rows.

    :param terms: What each row adds, shape (n, terms).
    :param of_means: The metric, of the weighted means of the terms, shape (terms,).
    """

    terms: "np.ndarray"
    of_means: "Callable[[np.ndarray], float]"

    def value(self, weights: "np.ndarray | None" = None) -> float:
        """Return the metric; NaN where it is not defined.

        :param weights: Weight of each row, shape (n,).
        """
        if not len(self.terms):
            return float("nan")
        if weights is None:
            return float(self.of_means(self.terms.mean(axis=0)))
        total = weights.sum()
        return float(self.of_means(weights @ self.terms / total)) if total > 0 else float("nan")


def summed(name: str, truth: "np.ndarray", predictions: "Predictions", *, positive: Any) -> Summed | None:
    """Return a metric with the same values as `score` gives it, or none where it is no function of means.

    :param truth: True values, or codes of classes as `codes_of` gives them, shape (n,).
    :param positive: For two classes, the code of the one whose probability is meant.
    """
    if predictions.classes:
        return _of_classes(name, truth, predictions, positive)
    return _of_numbers(name, truth, predictions.values)


def _of_numbers(name: str, truth: "np.ndarray", said: "np.ndarray") -> Summed | None:
    import numpy as np

    error = truth - said
    if name == "mean_absolute_error":
        return Summed(np.abs(error)[:, None], _first)
    if name == "mean_squared_error":
        return Summed((error**2)[:, None], _first)
    if name == "root_mean_squared_error":
        return Summed((error**2)[:, None], lambda means: means[0] ** 0.5)
    if name == "mean_absolute_percentage_error":
        # As scikit-learn guards against a truth of zero.
        return Summed((np.abs(error) / np.maximum(np.abs(truth), np.finfo(np.float64).eps))[:, None], _first)
    if name == "r2_score":
        centred = truth - (truth[0] if len(truth) else 0.0)
        return Summed(np.column_stack([error**2, centred, centred**2]), _explained)
    return None


def _of_classes(name: str, truth: "np.ndarray", predictions: "Predictions", positive: Any) -> Summed | None:
    import numpy as np

    if name == "accuracy_score":
        return Summed((truth == predictions.values).astype(float)[:, None], _first)
    if name == "log_loss" and predictions.probabilities is not None:
        of_truth = predictions.probabilities[np.arange(len(truth)), truth]
        least = np.finfo(predictions.probabilities.dtype).eps
        return Summed(-np.log(np.clip(of_truth, least, 1 - least))[:, None], _first)
    if len(predictions.classes) != 2:  # noqa: PLR2004 - that is what binary means
        return None
    if name == "brier_score_loss" and predictions.probabilities is not None:
        return Summed(((predictions.of_class(positive) - (truth == positive)) ** 2)[:, None], _first)
    of_cells = _OF_CELLS.get(name)
    if of_cells is None:
        return None
    really, called = truth == positive, predictions.values == positive
    return Summed(np.column_stack([really & called, really, called, ~really & ~called]).astype(float), of_cells)


def _first(means: "np.ndarray") -> float:
    return float(means[0])


def _explained(means: "np.ndarray") -> float:
    variance = means[2] - means[1] ** 2
    return float(1 - means[0] / variance) if variance > _NO_VARIANCE * means[2] else float("nan")


def _precision(means: "np.ndarray") -> float:
    both, really, called, _ = means
    return _over(both, called) if really > 0 else float("nan")


def _recall(means: "np.ndarray") -> float:
    both, really, _, _ = means
    return _over(both, really) if really > 0 else float("nan")


def _f1(means: "np.ndarray") -> float:
    both, really, called, _ = means
    return _over(2 * both, really + called) if really > 0 else float("nan")


def _balanced(means: "np.ndarray") -> float:
    both, really, _, neither = means
    recalls = [_over(hit, of) for hit, of in ((both, really), (neither, 1 - really)) if of > _NO_VARIANCE]
    return sum(recalls) / len(recalls)


def _over(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0


_OF_CELLS: "dict[str, Callable[[np.ndarray], float]]" = {
    "precision_score": _precision,
    "recall_score": _recall,
    "f1_score": _f1,
    "balanced_accuracy_score": _balanced,
}
