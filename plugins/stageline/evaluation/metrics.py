"""scikit-learn's metrics, called one way."""

from typing import TYPE_CHECKING, Any

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
    """Return a metric's value.

    :param truth: True values or labels, shape (n,).
    :param positive: For two classes, the label whose probability is meant.
    :param weights: Weight of each row, shape (n,); a weight of 2 counts the row twice.
    :raises ValueError: The metric is not defined on these rows, e.g. a single class.
    """
    import sklearn.metrics

    function = getattr(sklearn.metrics, name)
    if METRICS[name].task == "regression":
        return float(function(truth, predictions.values, sample_weight=weights))
    labels = list(predictions.classes)
    binary = len(labels) == 2  # noqa: PLR2004 - that is what binary means
    if METRICS[name].needs == "prediction":
        averaging = {"average": "macro", "zero_division": 0.0} if name in _AVERAGED else {}
        return float(function(truth, predictions.values, sample_weight=weights, **averaging))
    if binary and name != "log_loss":
        return float(function(truth == positive, predictions.of_class(positive), sample_weight=weights))
    if name == "roc_auc_score":
        return float(
            function(
                truth, predictions.probabilities, sample_weight=weights, labels=labels,
                multi_class="ovr", average="macro",
            )
        )  # fmt: skip
    return float(function(truth, predictions.probabilities, sample_weight=weights, labels=labels))
