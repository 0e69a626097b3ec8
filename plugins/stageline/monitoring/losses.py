"""By how much a KPI is worse than expected, and what that comes to."""

import math
from typing import TYPE_CHECKING

from stageline.evaluation import Estimate
from stageline.evaluation.bootstrap import percentile_interval
from stageline.spec.metrics import METRICS
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    import numpy as np


def relative_loss(
    metric: str, value: float, expected: Estimate, values: "np.ndarray", expectations: "np.ndarray"
) -> tuple[Estimate | None, str]:
    """Return by how much a KPI is worse than expected, as a share of what is expected; else why there is none.

    Of a KPI that may be zero or below (an R² of a poor model, the error of a perfect one) there is no share.

    :param values: The KPI of bootstrap samples, shape (samples,).
    :param expectations: What is expected, of independent ones.
    """
    import numpy as np

    if not math.isfinite(value):
        return None, f"{metric} is not defined on the window's labelled rows"
    if not math.isfinite(expected.value) or expected.low is None or not math.isfinite(expected.low):
        return None, f"{metric} is not defined on the release's holdout with this mix of predictions"
    if expected.low <= 0:
        return None, (
            f"{metric} of {expected.low:.3g} to {expected.high:.3g} is expected: of a number that may be zero or "
            "below there is no relative loss"
        )
    sign = -1 if METRICS[metric].greater_is_better else 1
    with np.errstate(divide="ignore", invalid="ignore"):
        replicates = sign * (values - expectations) / expectations
    loss = percentile_interval(sign * (value - expected.value) / expected.value, replicates)
    if loss.low is None:
        return None, f"{metric} is not defined on most resamples of the window"
    return loss, ""


def judge_loss(loss: Estimate, max_loss: float) -> Verdict:
    """Judge a loss: it fails only beyond doubt, and passes only so.

    :param max_loss: Largest one that is borne.
    """
    if loss.low is None or loss.high is None or not math.isfinite(loss.value):
        return Verdict.INCONCLUSIVE
    if loss.high <= max_loss:
        return Verdict.PASSED
    return Verdict.FAILED if loss.low > max_loss else Verdict.INCONCLUSIVE


def judge_goal(kpi: Estimate, goal: float, *, more: bool) -> Verdict:
    """Judge a KPI against its goal: it fails beyond doubt alone; one that meets it within its interval warns.

    :param more: Whether more is better.
    """
    if kpi.low is None or kpi.high is None or not math.isfinite(kpi.value):
        return Verdict.INCONCLUSIVE
    best, worst = (kpi.high, kpi.low) if more else (-kpi.low, -kpi.high)
    value, limit = (kpi.value, goal) if more else (-kpi.value, -goal)
    if worst >= limit:
        return Verdict.PASSED
    if best < limit:
        return Verdict.FAILED
    return Verdict.WARNED if value >= limit else Verdict.INCONCLUSIVE
