"""A KPI and its goal, measured against what guessing would reach on the rows that judge a model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.features.split import HOLDOUT, split_at_random, split_by_time
from stageline.onboarding.target_task import TargetTask
from stageline.spec.models import PipelineSpec, Task
from stageline.tables import parse_event_time
from stageline.tables.floats import as_floats
from stageline.tables.wording import significant

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

# Halfway between a coin and a model that is always right.
ROC_AUC_GOAL = 0.75


@dataclass(frozen=True)
class Goal:
    """A KPI with its goal.

    :param side: `max` where less is better, `min` where more is.
    :param reason: What the number rests on, and that it is only a start.
    :param warning: What could keep it from being computed; else empty.
    """

    metric: str
    side: str
    value: float
    reason: str
    warning: str = ""


def propose_goal(table: "pa.Table", spec: PipelineSpec, target: TargetTask) -> Goal:
    """Return the KPI: half the error of guessing for amounts, a fixed start for classes.

    :param spec: Says how rows are held out.
    """
    held_out = _held_out(table, spec)
    which = "the latest" if spec.source.event_time else "a random"
    share = f"{which} {spec.train.holdout:.0%} of rows"
    if target.task is Task.REGRESSION:
        return _goal_for_amounts(table[spec.target.column], held_out, share)
    classes = len(table[spec.target.column].filter(held_out).drop_null().unique())
    missing = target.classes - classes
    warning = f"{share} hold {classes} of the {target.classes} classes, so the KPI says little there" if missing else ""
    if target.classes == 2:  # noqa: PLR2004 - ranking by one probability needs two classes
        reason = (
            f"a starting point, not measured: guessing reaches 0.5, always being right 1; {ROC_AUC_GOAL} "
            "lies halfway; replace it by what the business needs"
        )
        return Goal("roc_auc_score", "min", ROC_AUC_GOAL, reason, warning)
    chance = 1 / target.classes
    reason = (
        f"a starting point, not measured: guessing one of {target.classes} classes reaches {chance:.3g}, "
        "always being right 1; this lies halfway; replace it by what the business needs"
    )
    return Goal("balanced_accuracy_score", "min", round((1 + chance) / 2, 3), reason, warning)


def _held_out(table: "pa.Table", spec: PipelineSpec) -> "pa.Array":
    """Return which rows will judge the model: split just as the pipeline will split them."""
    import numpy as np
    import pyarrow as pa

    target = table[spec.target.column]
    labelled = np.asarray(target.is_valid())
    if spec.source.event_time:
        times = parse_event_time(table, spec.source.event_time)
        parts = split_by_time(times, labelled, holdout=spec.train.holdout, label_delay=spec.target.label_delay)
    else:
        stratify = spec.target.task is Task.CLASSIFICATION
        parts = split_at_random(target, labelled, holdout=spec.train.holdout, seed=spec.train.seed, stratify=stratify)
    return pa.array(np.asarray(parts == HOLDOUT, dtype=bool))


def _goal_for_amounts(target: "pa.ChunkedArray", held_out: "pa.Array", share: str) -> Goal:
    import numpy as np

    values = as_floats(target)
    judged, known = np.asarray(held_out), np.isfinite(values)
    median = float(np.median(values[known & ~judged]))
    error = _mean_size(values[known & judged] - median)
    if error == 0:
        share, error = "all rows", _mean_size(values[known] - median)
    reason = (
        f"half of the error of always predicting the median {median:,.4g} ({error:,.4g} on {share}); "
        "replace it by what the business needs"
    )
    return Goal("mean_absolute_error", "max", significant(error / 2, 3), reason)


def _mean_size(errors: "NDArray[np.float64]") -> float:
    import numpy as np

    # Scaled first: the sum of very large numbers would not be finite.
    largest = float(np.max(np.abs(errors)))
    return largest * float(np.mean(np.abs(errors) / largest)) if largest else 0.0
