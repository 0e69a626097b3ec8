"""The failure cases that cost most: single rows, and groups that carry more cost than their share of rows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_SHOWN_ROWS = 10
_SHOWN_GROUPS = 8
_LEAST_ROWS = 30
_LEAST_LIFT = 1.25
_MOST_VALUES = 24
_BINS = 4


@dataclass(frozen=True)
class FailureGroup:
    """Rows that share a value and fail more than others.

    :param rows: Number of holdout rows in the group.
    :param share_of_rows: Their share of the holdout.
    :param share_of_cost: Their share of the holdout's cost.
    """

    column: str
    value: str
    rows: int
    share_of_rows: float
    share_of_cost: float


def row_costs(
    truth: "np.ndarray",
    predicted: "np.ndarray",
    *,
    probability_of_truth: "np.ndarray | None" = None,
    value_per_unit: float | None = None,
) -> "np.ndarray":
    """Return what each row's error costs, shape (n,).

    Regression: the absolute error, times the value per unit where one is declared. Classification: the
    probability that the model did not give to the true class, or 1 per wrong label without probabilities.

    :param truth: True values or labels, shape (n,).
    :param predicted: Predicted values, or labels as objects, shape (n,).
    :param probability_of_truth: Probability given to each row's true class, shape (n,).
    """
    import numpy as np

    if probability_of_truth is not None:
        return 1 - probability_of_truth
    if predicted.dtype == object:
        return np.asarray(truth.astype(object) != predicted, dtype=float)
    errors: np.ndarray = np.abs(truth - predicted)
    return errors if value_per_unit is None else errors * value_per_unit


def costliest_rows(costs: "np.ndarray", *, count: int = _SHOWN_ROWS) -> list[int]:
    """Return the positions of the rows that cost most, the costliest first."""
    import numpy as np

    order = np.argsort(-costs, kind="stable")[:count]
    return [int(position) for position in order if costs[position] > 0]


def costliest_groups(features: "pd.DataFrame", costs: "np.ndarray") -> list[FailureGroup]:
    """Return the groups that carry at least 1.25 times their share of the cost, the most overcharged first.

    Texts and numbers of few values are grouped by value, other numbers by quartile. Groups below 30 rows
    are left out: their share of cost is chance.

    :param features: Holdout frame of shape (n, features).
    :param costs: Cost per row, shape (n,).
    """
    total = float(costs.sum())
    if total <= 0:
        return []
    groups = []
    for column in features.columns:
        labels = _labels(features[column])
        if labels is None:
            continue
        for label, rows in labels.groupby(labels, sort=True).indices.items():
            share_of_rows, share_of_cost = len(rows) / len(costs), float(costs[rows].sum()) / total
            if len(rows) >= _LEAST_ROWS and share_of_cost >= _LEAST_LIFT * share_of_rows:
                groups.append(FailureGroup(column, str(label), len(rows), share_of_rows, share_of_cost))
    groups.sort(key=lambda group: (group.share_of_rows - group.share_of_cost, group.column, group.value))
    return groups[:_SHOWN_GROUPS]


def _labels(values: "pd.Series[Any]") -> "pd.Series[str] | None":
    import numpy as np
    import pandas as pd

    distinct = values.nunique()
    if distinct <= _MOST_VALUES:
        return values.map(_shown)
    if not pd.api.types.is_numeric_dtype(values):
        return None
    edges = np.unique(np.quantile(values.dropna(), np.linspace(0, 1, _BINS + 1)))
    if len(edges) < 3:  # noqa: PLR2004 - two edges make one bin, which says nothing
        return None
    bins = pd.cut(values, edges, include_lowest=True, labels=False)
    names = {i: f"{edges[i]:.4g} to {edges[i + 1]:.4g}" for i in range(len(edges) - 1)}
    return bins.map(names).fillna("null")


def _shown(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN is the value that differs from itself
        return "null"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
