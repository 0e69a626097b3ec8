"""How differently a model treats groups, by Fairlearn's measures, with an interval."""

import itertools
import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from stageline.evaluation.bootstrap import Blocks, Estimate, percentile_interval, replicate, resample
from stageline.evaluation.predictions import Predictions
from stageline.evaluation.wording import MIN_HOLDOUT, number, with_interval
from stageline.exceptions import DataError
from stageline.spec.operating import Fairness
from stageline.verdicts import Check, Verdict

if TYPE_CHECKING:
    import numpy as np

CODE = "SL-G004"
_RESAMPLES = 200
_BINARY = 2


@dataclass(frozen=True)
class Groups:
    """Rows of a holdout by the group they belong to.

    :param truth: True values, or whether the positive class is the true one, shape (n,).
    :param predicted: Predicted values, or whether the positive class was predicted, shape (n,).
    :param names: Group of each row as text, shape (n,).
    :param small: Groups of under 30 rows, which are left out.
    """

    truth: "np.ndarray"
    predicted: "np.ndarray"
    names: "np.ndarray"
    blocks: Blocks
    small: tuple[str, ...]


def groups_of(
    truth: "np.ndarray", predictions: Predictions, values: list[Any], blocks: Blocks, *, positive: Any
) -> Groups:
    """Return the rows of a holdout by a column's values.

    :param values: The column, shape (n,).
    :param positive: The class whose predictions are compared; none for regression.
    :raises DataError: More classes than two.
    """
    import numpy as np

    if predictions.classes and len(predictions.classes) != _BINARY:
        raise DataError(
            f"gates.fairness compares two classes, the model knows {len(predictions.classes)}: "
            f"{', '.join(map(str, predictions.classes))}; leave it out"
        )
    names = np.asarray(["missing" if value is None else str(value) for value in values], dtype=object)
    found, counts = np.unique(names.astype(str), return_counts=True)
    small = tuple(str(name) for name, count in zip(found, counts, strict=True) if count < MIN_HOLDOUT)
    kept = ~np.isin(names.astype(str), small)
    binary = bool(predictions.classes)
    ids = np.unique(blocks.ids[kept], return_inverse=True)[1]
    return Groups(
        truth=(truth == positive if binary else truth)[kept],
        predicted=(predictions.values == positive if binary else predictions.values)[kept],
        names=names[kept],
        blocks=Blocks(ids, int(ids.max()) + 1 if len(ids) else 0, blocks.what),
        small=small,
    )


def difference_between(groups: Groups, measure: str, *, seed: int) -> Estimate:
    """Return the largest difference between any two groups.

    Demographic parity and equalized odds as Fairlearn defines them (Bird et al. 2020); for a regression, the
    difference between the groups' mean absolute errors as a share of that of all.
    """
    samples = itertools.islice(resample(groups.blocks, seed=seed), _RESAMPLES)
    value = partial(_difference, groups, measure)
    return percentile_interval(value(None), replicate(value, samples))


def judge_fairness(column: str, groups: Groups, estimate: Estimate | None, fairness: Fairness) -> Check:
    """Judge the difference between groups: the estimate may not be above `max_difference`.

    :param estimate: None where fewer than two groups have 30 rows.
    """
    limit = f"max_difference = {number(fairness.max_difference, 0.0)}"
    about = f"{fairness.measure} between groups of {column!r}"
    left_out = f"; not judged, under {MIN_HOLDOUT} rows: {', '.join(groups.small)}" if groups.small else ""
    shown = with_interval(estimate, beside=fairness.max_difference) if estimate else ""
    if estimate is None:
        verdict, found = Verdict.INCONCLUSIVE, f"cannot be judged: fewer than two groups have {MIN_HOLDOUT} rows"
    elif any(bound is None or not math.isfinite(bound) for bound in (estimate.value, estimate.low, estimate.high)):
        verdict, found = Verdict.INCONCLUSIVE, "is not defined on most resamples"
    elif estimate.value > fairness.max_difference:
        verdict, found = Verdict.FAILED, f"is {shown}, above {limit}"
    elif estimate.high is not None and estimate.high > fairness.max_difference:
        verdict, found = Verdict.WARNED, f"is {shown}, whose interval reaches beyond {limit}"
    else:
        verdict, found = Verdict.PASSED, f"is {shown}, within {limit}"
    message = f"{about} {found}"
    if groups.small and verdict is Verdict.PASSED:
        verdict = Verdict.WARNED
    value = estimate.value if estimate and math.isfinite(estimate.value) else None
    return Check(
        code=CODE, name=f"fairness({column})", verdict=verdict, message=message + left_out, value=value,
        limit=fairness.max_difference, n=len(groups.truth),
    )  # fmt: skip


def _difference(groups: Groups, measure: str, weights: "np.ndarray | None") -> float:
    import fairlearn.metrics
    import numpy as np

    if measure == "error_difference":
        errors = np.abs(groups.truth - groups.predicted)
        given = np.ones(len(errors)) if weights is None else weights
        means = [np.average(errors[rows], weights=given[rows]) for rows in _rows_by_group(groups.names)]
        return float((max(means) - min(means)) / np.average(errors, weights=given))
    function = getattr(fairlearn.metrics, measure)
    return float(
        function(
            groups.truth.astype(int), groups.predicted.astype(int),
            sensitive_features=groups.names.astype(str), sample_weight=weights,
        )
    )  # fmt: skip


def _rows_by_group(names: "np.ndarray") -> list["np.ndarray"]:
    import numpy as np

    return [names == name for name in np.unique(names.astype(str))]
