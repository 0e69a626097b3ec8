"""An estimator that suits the task and the number of rows, with few parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from stageline.spec.models import Task

ROWS_FOR_BOOSTING = 1_000
ROWS_FOR_FOREST = 200


@dataclass(frozen=True)
class EstimatorChoice:
    """An estimator and its parameters.

    :param params: Parameter → (value, why).
    """

    path: str
    reason: str
    params: Mapping[str, tuple[float, str]]


def choose_estimator(task: Task, rows: int) -> EstimatorChoice:
    """Return boosted trees for many rows, a forest for some, a straight line for few."""
    amounts = task is Task.REGRESSION
    if rows >= ROWS_FOR_BOOSTING:
        return EstimatorChoice(
            f"sklearn.ensemble.HistGradientBoosting{'Regressor' if amounts else 'Classifier'}",
            f"{rows:,} rows: boosted trees take numbers, categories and gaps as they are, and learn fast",
            {"max_iter": (200, "trees; more of them cost time and rarely gain much")},
        )
    if rows >= ROWS_FOR_FOREST:
        return EstimatorChoice(
            f"sklearn.ensemble.RandomForest{'Regressor' if amounts else 'Classifier'}",
            f"only {rows:,} rows: a forest overfits less than boosting below {ROWS_FOR_BOOSTING:,}",
            {
                "n_estimators": (300, "trees; more of them steady the result"),
                "min_samples_leaf": (3, "no leaf rests on a single row"),
            },
        )
    reason = f"only {rows:,} rows: a linear model has little to overfit with below {ROWS_FOR_FOREST}"
    if amounts:
        return EstimatorChoice(
            "sklearn.linear_model.Ridge",
            reason,
            {"alpha": (1.0, "strength of the pull towards zero; scikit-learn's own default")},
        )
    return EstimatorChoice(
        "sklearn.linear_model.LogisticRegression",
        reason,
        {"max_iter": (1_000, "steps; scikit-learn's 100 often end too early")},
    )
