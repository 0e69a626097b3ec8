"""The metrics a KPI may name: scikit-learn's own names, their direction and what they are computed from."""

from dataclasses import dataclass
from typing import Literal

from stageline.spec.wording import suggestion


@dataclass(frozen=True)
class Metric:
    """A metric of `sklearn.metrics`.

    :param task: Kind of target it fits.
    :param greater_is_better: Its direction.
    :param needs: What it compares the truth with: predicted values or class probabilities.
    :param binary_only: Whether it needs exactly two classes.
    :param in_target_units: Whether its unit is the target's.
    """

    task: Literal["regression", "classification"]
    greater_is_better: bool
    needs: Literal["prediction", "probability"] = "prediction"
    binary_only: bool = False
    in_target_units: bool = False


METRICS: dict[str, Metric] = {
    "accuracy_score": Metric("classification", greater_is_better=True),
    "average_precision_score": Metric("classification", greater_is_better=True, needs="probability", binary_only=True),
    "balanced_accuracy_score": Metric("classification", greater_is_better=True),
    "brier_score_loss": Metric("classification", greater_is_better=False, needs="probability", binary_only=True),
    "f1_score": Metric("classification", greater_is_better=True),
    "log_loss": Metric("classification", greater_is_better=False, needs="probability"),
    "mean_absolute_error": Metric("regression", greater_is_better=False, in_target_units=True),
    "mean_absolute_percentage_error": Metric("regression", greater_is_better=False),
    "mean_squared_error": Metric("regression", greater_is_better=False),
    "median_absolute_error": Metric("regression", greater_is_better=False, in_target_units=True),
    "precision_score": Metric("classification", greater_is_better=True),
    "r2_score": Metric("regression", greater_is_better=True),
    "recall_score": Metric("classification", greater_is_better=True),
    "roc_auc_score": Metric("classification", greater_is_better=True, needs="probability"),
    "root_mean_squared_error": Metric("regression", greater_is_better=False, in_target_units=True),
}


def check_metric(name: str) -> None:
    """Refuse a metric that is not known.

    :raises ValueError: With the nearest known name.
    """
    if name not in METRICS:
        raise ValueError(f"unknown metric {name!r}; {suggestion(name, METRICS)}")
