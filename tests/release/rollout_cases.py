"""Traffic of a champion and a canary, drawn with a fixed seed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from stageline.release.rollout.judge import judge_traffic
from stageline.spec.rollout import ErrorRate, KpiLoss, Latency, PredictionShift
from stageline.traffic import Arm, Traffic

BEGAN = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)

ERRORS = ErrorRate(metric="error_rate", max_increase=0.01)
LATENCY = Latency(metric="latency", quantile=0.95, max_increase=0.5)
SHIFT = PredictionShift(metric="predictions", max_distance=0.2)
LOSS = KpiLoss(metric="kpi", max_loss=0.2)
ALL = (ERRORS, LATENCY, SHIFT, LOSS)


def arm(rng, rows, *, errors=0.01, slower=1.0, shift=0.0, constant=None, loss=1.0):
    """Return one arm's rows, its errors drawn with a share."""
    failed = int(rng.binomial(rows, errors))
    answers = rows - failed
    return Arm(
        rows,
        {"exception": failed} if failed else {},
        latency_ms=slower * np.exp(rng.normal(3, 0.5, answers)),
        predictions=rng.normal(shift, 1, answers) if constant is None else np.full(answers, constant),
        losses=loss * np.abs(rng.normal(0, 1, answers)),
    )


def between(champion, canary, *, hour=0, percent=25):
    """Return both arms in one hour."""
    return Traffic(BEGAN + hour * HOUR, BEGAN + (hour + 1) * HOUR, percent, champion, canary)


def hours(count, rows=2_000, *, percent=25, seed=0, champion=None, canary=None, first=0):
    """Return hours of traffic in which the canary gets its percentage of the rows.

    :param canary: In what it differs, as :func:`arm` takes it.
    """
    rng = np.random.default_rng(seed)
    share = rows * percent // 100
    return [
        between(
            arm(rng, rows - share, **(champion or {})), arm(rng, share, **(canary or {})),
            hour=first + hour, percent=percent,
        )
        for hour in range(count)
    ]  # fmt: skip


def judged(traffic, *metrics, min_events=100, alpha=0.05):
    """Return the checks by their names."""
    checks = judge_traffic(traffic, metrics, min_events=min_events, alpha=alpha)
    assert all(check.message for check in checks)
    return {check.name: check for check in checks}


def changed(traffic, place, arm_name, **values):
    """Return the intervals, one arm of one of them changed."""
    interval = traffic[place]
    new = replace(interval, **{arm_name: replace(getattr(interval, arm_name), **values)})
    return [new if each is interval else each for each in traffic]
