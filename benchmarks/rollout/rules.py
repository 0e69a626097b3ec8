"""Other rules on the same traces: a z-test that peeks, mSPRT, Argo's failure limit and Kayenta's Mann-Whitney."""

import numpy as np
from scipy.stats import norm

from rollout.settings import ALPHA, QUANTILE, Setting
from rollout.traces import MEANS, QUANTILES, Latencies, Losses, Predictions, Trace

# Argo's analysis fails with more failures than its `failureLimit`.
FAILURE_LIMIT = 3
# Kayenta: 98 % confidence, a shift of a quarter of the Hodges-Lehmann estimate is tolerated, five values at least.
CONFIDENCE, TOLERANCE, LEAST_VALUES = 0.98, 0.25, 5
RULES = ("z-test", "mSPRT", "Argo", "Kayenta")


def rollbacks(setting: Setting, trace: Trace) -> dict[str, np.ndarray]:
    """Return at which looks each rule would roll back, shape (canaries, looks); of those that apply."""
    if isinstance(trace, Predictions):
        return {"z-test": _smirnov(setting, trace)}
    excess, variance, scale = _cumulated(setting, trace)
    own, champion, threshold = _by_interval(setting, trace)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.nan_to_num(excess / np.sqrt(variance))
        width = scale**2 / (variance + scale**2)
        gain = 0.5 * np.log(variance / (variance + scale**2)) + 0.5 * width * score**2
    return {
        "z-test": score > norm.ppf(1 - ALPHA),
        "mSPRT": (np.nan_to_num(gain, nan=0.0) >= -np.log(ALPHA)) & (excess > 0),
        "Argo": (own > threshold).cumsum(axis=1) > FAILURE_LIMIT,
        "Kayenta": _mann_whitney(own, champion),
    }


def _cumulated(setting, trace):
    """Return the difference of all rows so far, its variance, and the size of the effect that is looked for."""
    rows, champion_rows = setting.canary_rows.cumsum(), setting.champion_rows.cumsum()
    if isinstance(trace, Losses):
        mean, champion_mean = (
            (of * part).cumsum(axis=1) / total
            for of, part, total in (
                (setting.canary_rows, trace.mean, rows), (setting.champion_rows, trace.champion_mean, champion_rows)
            )
        )  # fmt: skip
        squares = (
            (of * (spread + part**2)).cumsum(axis=1) / total
            for of, part, spread, total in (
                (setting.canary_rows, trace.mean, trace.variance, rows),
                (setting.champion_rows, trace.champion_mean, trace.champion_variance, champion_rows),
            )
        )
        spread, champion_spread = (each - part**2 for each, part in zip(squares, (mean, champion_mean), strict=True))
        variance = spread / rows + champion_spread / champion_rows
        return mean - champion_mean, variance, setting.limit * MEANS[setting.tail]
    if isinstance(trace, Latencies):
        # How many of the canary's answers are slower than the champion's quantile; of its own it is known how many are.
        rate = trace.beyond[0].cumsum(axis=1) / rows
        known = 1 - QUANTILE
        return rate - known, known * (1 - known) * (1 / rows + 1 / champion_rows), known
    hits, champion_hits = trace.hits.cumsum(axis=1), trace.champion_hits.cumsum(axis=1)
    pooled = (hits + champion_hits) / (rows + champion_rows)
    variance = pooled * (1 - pooled) * (1 / rows + 1 / champion_rows)
    return hits / rows - champion_hits / champion_rows, variance, setting.limit


def _by_interval(setting, trace):
    """Return the canary's and the champion's value of each interval, and the threshold that somebody set beforehand."""
    if isinstance(trace, Losses):
        return trace.mean, trace.champion_mean, (1 + setting.limit) * MEANS[setting.tail]
    if isinstance(trace, Latencies):
        return trace.quantile, trace.champion_quantile, (1 + setting.limit) * QUANTILES[setting.tail]
    return (
        trace.hits / setting.canary_rows, trace.champion_hits / setting.champion_rows, setting.base + setting.limit
    )  # fmt: skip


def _mann_whitney(own, champion):
    """Return where the interval of the Hodges-Lehmann shift lies above what is tolerated of its estimate."""
    found = np.zeros(own.shape, dtype=bool)
    for look in range(LEAST_VALUES - 1, own.shape[1]):
        count = look + 1
        shifts = np.sort((own[:, :count, None] - champion[:, None, :count]).reshape(len(own), -1), axis=1)
        spread = np.sqrt(count * count * (2 * count + 1) / 12)
        rank = int(np.floor(count * count / 2 - norm.ppf(1 - (1 - CONFIDENCE) / 2) * spread))
        lower, estimate = shifts[:, max(rank, 0)], np.median(shifts, axis=1)
        found[:, look] = (lower > TOLERANCE * np.abs(estimate)) & (lower > 0)
    return found


def _smirnov(setting, trace):
    rows, champion_rows = setting.canary_rows.cumsum(), setting.champion_rows.cumsum()
    apart = trace.upto.cumsum(axis=1) / rows[:, None] - trace.champion_upto.cumsum(axis=1) / champion_rows[:, None]
    critical = np.sqrt(-np.log(ALPHA / 2) / 2 * (1 / rows + 1 / champion_rows))
    return np.abs(apart).max(axis=2) > critical
