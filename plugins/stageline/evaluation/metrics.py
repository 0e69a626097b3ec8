"""scikit-learn's metrics, called one way."""

import math
from typing import TYPE_CHECKING, Any

from stageline.evaluation.predictions import NO_PROBABILITIES
from stageline.exceptions import DataError
from stageline.spec.metrics import METRICS
from stageline.spec.models import PipelineSpec, Task

if TYPE_CHECKING:
    import numpy as np

    from stageline.evaluation.predictions import Predictions

_SHOWN = {
    Task.REGRESSION: ("mean_absolute_error", "root_mean_squared_error", "r2_score"),
    Task.CLASSIFICATION: ("roc_auc_score", "balanced_accuracy_score", "f1_score", "log_loss"),
}
_AVERAGED = ("f1_score", "precision_score", "recall_score")
_OF_POSITIVES = (*_AVERAGED, "average_precision_score")


def metrics_for(spec: PipelineSpec, *, classes: int, probabilities: bool) -> tuple[str, ...]:
    """Return the KPI's metric and the usual ones beside it that fit the target.

    :param classes: Number of classes; 0 for regression.
    :param probabilities: Whether every model gives them.
    """
    names = dict.fromkeys((spec.kpi.metric, *_SHOWN[spec.target.task]))
    binary = classes == 2  # noqa: PLR2004 - that is what binary means
    return tuple(
        name
        for name in names
        if name == spec.kpi.metric
        or ((binary or not METRICS[name].binary_only) and (binary or name != "roc_auc_score")
            and (probabilities or METRICS[name].needs == "prediction"))
    )  # fmt: skip


def score(
    name: str,
    truth: "np.ndarray",
    predictions: "Predictions",
    *,
    positive: Any,
    weights: "np.ndarray | None" = None,
) -> float:
    """Return a metric's value as scikit-learn defines it; NaN where the rows hold nothing to measure it on.

    For two classes, precision, recall and F1 are those of the positive class; for more, their mean over classes.

    :param truth: True values or labels, shape (n,).
    :param positive: For two classes, the label whose probability is meant.
    :param weights: Weight of each row, shape (n,); a weight of 2 counts the row twice.
    :raises ValueError: The metric cannot be computed from these predictions.
    """
    import numpy as np
    import sklearn.metrics

    function, needs = getattr(sklearn.metrics, name), METRICS[name].needs
    if METRICS[name].task == "regression":
        # A constant truth has no variance to explain: not a number, rather than 0 or 1 by convention.
        options: dict[str, Any] = {"force_finite": False} if name == "r2_score" else {}
        with np.errstate(divide="ignore", invalid="ignore"):
            return float(function(truth, predictions.values, sample_weight=weights, **options))
    labels = list(predictions.classes)
    binary = len(labels) == 2  # noqa: PLR2004 - that is what binary means
    if binary and name in _OF_POSITIVES and not _any_positive(truth == positive, weights):
        return math.nan
    if needs == "prediction":
        options = {}
        if name in _AVERAGED:
            options = {"average": "binary", "pos_label": positive} if binary else {"average": "macro"}
            options["zero_division"] = 0.0
        return float(function(truth, predictions.values, sample_weight=weights, **options))
    if binary and name != "log_loss":
        return float(function(truth == positive, predictions.of_class(positive), sample_weight=weights))
    if predictions.probabilities is None:
        raise DataError(NO_PROBABILITIES)
    options = {"multi_class": "ovr", "average": "macro"} if name == "roc_auc_score" else {}
    return float(function(truth, predictions.probabilities, sample_weight=weights, labels=labels, **options))


def _any_positive(positives: "np.ndarray", weights: "np.ndarray | None") -> bool:
    return bool(positives.any() if weights is None else weights[positives].any())
