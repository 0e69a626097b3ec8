"""Kinds of rows by what the model said of them, and weights that give rows another mix of kinds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.evaluation.predictions import Predictions

if TYPE_CHECKING:
    import numpy as np

_MOST, _LEAST_ROWS = 20, 20
_BINARY = 2


@dataclass(frozen=True)
class Strata:
    """Bins of what a model says.

    :param cuts: Where one bin ends and the next begins, ascending; of more than two classes, for each that is
        predicted.
    :param positive: Code of the class whose probability is binned.
    :param low: Least of the reference's values that were binned; above `high` if there are none.
    """

    cuts: "tuple[np.ndarray, ...]"
    positive: int | None
    low: float
    high: float

    @property
    def count(self) -> int:
        """How many bins there are."""
        return sum(len(cuts) + 1 for cuts in self.cuts)

    def index(self, predictions: Predictions) -> "np.ndarray":
        """Return each row's bin, shape (n,)."""
        import numpy as np

        groups, values = _binned(predictions, self.positive)
        places = np.zeros(len(values), np.int64)
        first = 0
        for group, cuts in enumerate(self.cuts):
            here = groups == group
            places[here] = first + np.searchsorted(cuts, values[here], side="right")
            first += len(cuts) + 1
        return places

    def outside(self, predictions: Predictions) -> float:
        """Return the share of rows beyond all of the reference: it says nothing of them."""
        return float((~self.within(predictions)).mean()) if len(predictions.values) else 0.0

    def within(self, predictions: Predictions) -> "np.ndarray":
        """Return which rows lie between the least and the largest of the reference, shape (n,), bool."""
        _, values = _binned(predictions, self.positive)
        inside: np.ndarray = (values >= self.low) & (values <= self.high)
        return inside


def strata_of(predictions: Predictions, positive: int | None) -> Strata:
    """Return up to 20 bins of about equal numbers of rows, at least 20 each.

    Binned is the predicted value, or the probability of the positive class; of more classes, the one that is
    predicted and its probability.

    :param predictions: The reference's, classes as codes.
    """
    import numpy as np

    groups, values = _binned(predictions, positive)
    number = len(predictions.classes) if _several(predictions) else 1
    cuts = []
    for group in range(number):
        own = values[groups == group]
        bins = max(1, min(_MOST, len(own) // (_LEAST_ROWS * number)))
        inner = np.quantile(own, np.arange(1, bins) / bins) if bins > 1 else np.empty(0)
        # A cut at the least value would have nothing below it.
        cuts.append(np.unique(inner[inner > own.min()]) if len(inner) else inner)
    return Strata(
        tuple(cuts), positive, *((float(values.min()), float(values.max())) if len(values) else (np.inf, -np.inf))
    )


def shares(places: "np.ndarray", count: int, weights: "np.ndarray | None" = None) -> "np.ndarray":
    """Return the share of each bin, shape (count,); of nothing, zeros.

    :param weights: Weight of each row, shape (n,).
    """
    import numpy as np

    counted = np.bincount(places, weights, minlength=count).astype(float)
    total = counted.sum()
    return counted / total if total > 0 else counted


def with_mix(weights: "np.ndarray", places: "np.ndarray", mix: "np.ndarray") -> "np.ndarray":
    """Return weights with which the rows have another mix of bins; a bin without rows is left out of it.

    Post-stratification (Holt and Smith 1979); the same as weights for a covariate shift (Shimodaira 2000) of which
    only the bin is known.

    :param mix: Share of each bin, shape (count,).
    """
    import numpy as np

    held = np.bincount(places, weights, minlength=len(mix))
    factors = np.divide(mix, held, out=np.zeros(len(mix)), where=held > 0)
    found: np.ndarray = weights * factors[places]
    return found


def _several(predictions: Predictions) -> bool:
    classes = len(predictions.classes)
    return classes > _BINARY or (classes > 0 and predictions.probabilities is None)


def _binned(predictions: Predictions, positive: int | None) -> "tuple[np.ndarray, np.ndarray]":
    """Return each row's group and the number that is binned within."""
    import numpy as np

    rows = len(predictions.values)
    if not predictions.classes:
        return np.zeros(rows, np.int64), predictions.values
    if predictions.probabilities is None:
        return predictions.values, np.zeros(rows)
    if len(predictions.classes) > _BINARY:
        return predictions.values, predictions.probabilities.max(axis=1)
    return np.zeros(rows, np.int64), predictions.probabilities[:, positive or 0]
