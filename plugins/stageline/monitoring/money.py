"""What a window was worth in money, and what was lost of it."""

import math
from dataclasses import dataclass

from stageline.monitoring.performance import Performance
from stageline.monitoring.released import Released, ScoredRows
from stageline.monitoring.strata import shares, with_mix
from stageline.spec.metrics import METRICS
from stageline.spec.models import Kpi


@dataclass(frozen=True)
class WindowValue:
    """Money of a window.

    :param amount: What its predictions gained over the dummy's; where no value per unit is known, what their errors
        cost, as a negative number.
    :param per_1000: The same per 1,000 predictions.
    :param lost: What a model that is as good as at its release, on the same mix of predictions, would have gained
        beyond; negative where this one gained more.
    :param cost: Of false negatives and false positives; none: not known.
    :param false_negatives: Positives that the model did not see, of all predictions.
    :param false_positives: Negatives that it called positive.
    """

    amount: float
    per_1000: float
    lost: float
    currency: str
    cost: float | None = None
    false_negatives: float | None = None
    false_positives: float | None = None


def value_of_window(rows: ScoredRows, performance: Performance, released: Released, kpi: Kpi) -> WindowValue | None:
    """Return what a window was worth; none where the spec names no money, or nothing is known.

    By `value_per_unit`: what each prediction gained over the dummy at release, less what the KPI is worse than
    expected, times the predictions. What few lack of labels is taken to be as the labelled ones are.
    """
    by_errors = _by_errors(rows, released, kpi) if performance.n else None
    by_unit = _by_unit(performance, released, kpi) if performance.n else None
    if by_unit is None and by_errors is None:
        return None
    cost, expected, missed, called = by_errors or (None, None, None, None)
    amount, lost = by_unit if by_unit is not None else (-(cost or 0.0), (cost or 0.0) - (expected or 0.0))
    return WindowValue(amount, amount / performance.scored * 1_000, lost, kpi.currency, cost, missed, called)


def _by_unit(performance: Performance, released: Released, kpi: Kpi) -> tuple[float, float] | None:
    if kpi.value_per_unit is None or released.over_dummy is None:
        return None
    sign = 1 if METRICS[kpi.metric].greater_is_better else -1
    worse = sign * (performance.expected.value - performance.compared.value)
    if not math.isfinite(worse):
        return None
    money = kpi.value_per_unit * performance.scored
    return (released.over_dummy - worse) * money, worse * money


def _by_errors(rows: ScoredRows, released: Released, kpi: Kpi) -> tuple[float, float, float, float] | None:
    """Return the cost of the errors, that of as many predictions at release, and the errors of both kinds."""
    import numpy as np

    negative, positive = kpi.false_negative_cost, kpi.false_positive_cost
    if negative is None or positive is None or len(rows.predictions.classes) != 2:  # noqa: PLR2004 - binary
        return None
    strata = released.strata
    every, places = shares(strata.index(rows.predictions), strata.count), strata.index(rows.labelled.predictions)
    samples = ((rows.labelled, places), (released.holdout, released.places))
    costs, errors = [], []
    for sample, kinds in samples:
        weights = with_mix(np.ones(len(sample)), kinds, every)
        total = weights.sum()
        if total <= 0:
            return None
        truth, said, wanted = sample.truth, sample.predictions.values, sample.positive
        missed = float(weights @ ((truth == wanted) & (said != wanted)) / total) * len(rows)
        called = float(weights @ ((truth != wanted) & (said == wanted)) / total) * len(rows)
        errors.append((missed, called))
        costs.append(missed * negative + called * positive)
    return costs[0], costs[1], *errors[0]
