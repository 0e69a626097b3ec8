"""How much worse the KPI gets when one feature is shuffled."""

import math
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stageline.evaluation.bootstrap import Estimate
from stageline.evaluation.metrics import score
from stageline.evaluation.predictions import coded, codes_of, predict
from stageline.spec.metrics import METRICS
from stageline.spec.models import PipelineSpec, Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_ROWS = 2_000
_REPEATS = 5


def permutation_importance(
    model: Any, features: "pd.DataFrame", truth: "np.ndarray", spec: PipelineSpec, *, positive: Any
) -> dict[str, Estimate]:
    """Return the loss in KPI per shuffled feature, most important first, with the range over 5 shuffles.

    Permutation importance after Breiman (2001), Random Forests, on at most 2,000 rows of the holdout.
    Of features that carry the same information, each may show little. Where the KPI is not defined on the
    holdout, there is no importance either.

    :param features: Holdout frame of shape (n, features).
    :returns: Loss in the metric's own unit; positive: the model needs the feature.
    """
    import numpy as np
    from sklearn.inspection import permutation_importance as permute

    rows = _sample(truth, spec)
    scorer: Callable[[Any, pd.DataFrame, np.ndarray], float] = _scorer(spec, positive)
    result = permute(
        model, features.iloc[rows].reset_index(drop=True), truth[rows],
        scoring=scorer, n_repeats=_REPEATS, random_state=spec.train.seed,
    )  # fmt: skip
    order = np.argsort(-result.importances_mean, kind="stable")
    return {
        features.columns[i]: Estimate(
            float(result.importances_mean[i]),
            float(result.importances[i].min()),
            float(result.importances[i].max()),
        )
        for i in order
        if math.isfinite(result.importances_mean[i])
    }


def _sample(truth: "np.ndarray", spec: PipelineSpec) -> "np.ndarray":
    """Return positions of at most 2,000 rows, and at least one row of every class."""
    import numpy as np

    if len(truth) <= _ROWS:
        return np.arange(len(truth))
    rows = np.random.default_rng(spec.train.seed).choice(len(truth), _ROWS, replace=False)
    if spec.target.task is Task.CLASSIFICATION:
        # A sample without a rare class would leave the metric undefined.
        rows = np.concatenate([rows, np.unique(truth.astype(str), return_index=True)[1]])
    return np.unique(rows)


def _scorer(spec: PipelineSpec, positive: Any) -> "Callable[[Any, pd.DataFrame, np.ndarray], float]":
    sign = 1 if METRICS[spec.kpi.metric].greater_is_better else -1
    classify = spec.target.task is Task.CLASSIFICATION

    def goodness(model: Any, features: "pd.DataFrame", truth: "np.ndarray") -> float:
        predictions, meant = predict(model, features, classify=classify), positive
        if classify:
            classes = predictions.classes
            truth, meant = codes_of(truth, classes), classes.index(positive)
            predictions = coded(predictions, classes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return sign * score(spec.kpi.metric, truth, predictions, positive=meant)

    return goodness
