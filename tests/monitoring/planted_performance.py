"""Rows and models whose performance is known, because it was planted."""

from types import SimpleNamespace

import numpy as np

from stageline.evaluation import Predictions
from stageline.monitoring.released import Released, ScoredRows
from stageline.monitoring.samples import Sample

HOUR = 3_600


def spec(metric, positive=None):
    """Return as much of a spec as performance asks of one."""
    return SimpleNamespace(kpi=SimpleNamespace(metric=metric), target=SimpleNamespace(positive=positive))


def numbers(rng, rows, *, worse=1.0, mix=0.0, alike=0.0):
    """Return predictions and truths whose errors grow with the prediction.

    :param worse: Factor on the errors: a concept that changed.
    :param mix: Shift of the inputs: only the mix of predictions changes.
    :param alike: Share of the errors' variance that a day's 24 rows have in common.
    """
    said = 10 + 3 * rng.normal(mix, 1, rows)
    day = rng.normal(size=rows // 24 + 1)[np.arange(rows) // 24]
    error = np.sqrt(1 - alike) * rng.normal(size=rows) + np.sqrt(alike) * day
    return said, said + worse * (0.3 + 0.1 * np.abs(said)) * error


def regression(rng, rows, metric="mean_absolute_error", **planted):
    said, truth = numbers(rng, rows, **planted)
    return Sample.of(spec(metric), truth, Predictions(said), np.arange(rows) * HOUR)


def regression_window(rng, rows, metric="mean_absolute_error", known=None, **planted):
    said, truth = numbers(rng, rows, **planted)
    known = np.ones(rows, bool) if known is None else known(said)
    return ScoredRows.of(spec(metric), Predictions(said), truth[known], known, np.arange(rows) * HOUR)


def released(rng, rows=2_000, metric="mean_absolute_error", **planted):
    return Released(regression(rng, rows, metric, **planted))


def classes(rng, rows, count=2, *, mix=0.0, flipped=0.0, overconfident=1.0):
    """Return probabilities, and classes drawn by them.

    :param mix: Shift of the inputs.
    :param flipped: Share of the rows whose class is another one: a concept that changed.
    :param overconfident: Factor on the log odds that the model says, beside those that are true.
    """
    logits = 1.5 * rng.normal(size=(rows, count)) + mix * np.arange(count)
    true = _shares(logits)
    truth = (rng.random((rows, 1)) > true.cumsum(axis=1)).sum(axis=1).clip(0, count - 1)
    other = rng.random(rows) < flipped
    truth[other] = (truth[other] + 1) % count
    shares = _shares(logits * overconfident)
    names = np.array([f"c{number}" for number in range(count)], dtype=object)
    return Predictions(names[shares.argmax(axis=1)], shares, tuple(names)), names[truth]


def _shares(logits):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def classification(rng, rows, metric, count=2, **planted):
    said, truth = classes(rng, rows, count, **planted)
    return Sample.of(spec(metric), truth, said, None)
