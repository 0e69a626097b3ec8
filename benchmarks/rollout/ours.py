"""Our judge on many canaries at once: the same evidence as in `judge_traffic`, by look."""

import math
from dataclasses import dataclass

import numpy as np

from rollout.settings import ALPHA, MIN_EVENTS, QUANTILE, Setting
from rollout.traces import Errors, Latencies, Losses, Trace
from stageline.release.rollout import means, quantiles, rates
from stageline.release.rollout.findings import TRIFLE
from stageline.release.rollout.rates import Counts, difference, log_mean_exp

# One metric: two tests may show harm, one may for means.
HARM, RULED_OUT = -math.log(ALPHA / 2), -math.log(ALPHA)
HARM_OF_MEANS = -math.log(ALPHA)


@dataclass(frozen=True)
class Said:
    """What is said at each look, shape (canaries, looks)."""

    failed: np.ndarray
    passed: np.ndarray


def judge(setting: Setting, trace: Trace) -> Said:
    """Return what our judge says at each look."""
    rows = np.minimum(setting.canary_rows, setting.champion_rows).cumsum()
    if isinstance(trace, Losses):
        return _means(setting, trace, rows >= MIN_EVENTS)
    if isinstance(trace, Errors):
        harm, late, ruled_out = _errors(setting, trace)
    elif isinstance(trace, Latencies):
        harm, late, ruled_out = _latencies(setting, trace)
    else:
        harm, late, ruled_out = _predictions(setting, trace)
    failed = ((harm >= HARM) & (ruled_out < RULED_OUT)) | (late >= HARM)
    # Enough rows in the present step.
    step = np.array([
        sum(setting.canary_rows[at] for at in range(look + 1) if setting.split[at : look + 1].count(setting.split[look])
            == look + 1 - at)
        for look in range(setting.looks)
    ])  # fmt: skip
    return Said(failed, ~failed & (ruled_out >= RULED_OUT) & (step >= MIN_EVENTS))


def _errors(setting, trace):
    told = Counts(trace.hits, setting.canary_rows * 1.0, trace.champion_hits, setting.champion_rows * 1.0)
    harm = rates.evidence_above(told, difference(TRIFLE * setting.limit), each_look=True)
    ruled_out = rates.evidence_below(told, difference(setting.limit), each_look=True)
    gains = np.stack(list(rates.gains_above(told, difference(setting.limit)))[::-1], axis=1)
    return harm, _late(gains), ruled_out


def _latencies(setting, trace):
    rows, champion = setting.canary_rows, setting.champion_rows
    told = rows, champion, np.ceil(QUANTILE * champion).astype(int)
    _, borne, limit = trace.beyond
    harm = quantiles.evidence_above(borne, *told, each_look=True)
    ruled_out = quantiles.evidence_below(limit, *told, each_look=True)
    return harm, _late(quantiles.gains_of(limit, *told, above=True)), ruled_out


def _predictions(setting, trace):
    rows, champion = setting.canary_rows * 1.0, setting.champion_rows * 1.0
    found = []
    for upto, champion_upto in zip(trace.upto, trace.champion_upto, strict=True):
        hits, champion_hits = (
            np.concatenate([counted.T, of - counted.T]) for counted, of in ((upto, rows), (champion_upto, champion))
        )
        told = Counts(hits, rows, champion_hits, champion)
        harm = rates.evidence_above(told, difference(TRIFLE * setting.limit), each_look=True)
        ruled_out = rates.evidence_below(told, difference(setting.limit), each_look=True).min(axis=0)
        gains = np.stack([each.ravel() for each in rates.gains_above(told, difference(setting.limit))][::-1])
        found.append((log_mean_exp(harm.T), _late(gains[None])[0], ruled_out))
    return (np.stack(parts) for parts in zip(*found, strict=True))


def _means(setting, trace, enough):
    rows, champion_rows = setting.canary_rows, setting.champion_rows
    weight = rows * champion_rows / (rows + champion_rows)
    parts = (
        np.broadcast_to(weight, trace.mean.shape), weight * trace.mean, weight * trace.champion_mean,
        weight**2 * trace.variance / rows, weight**2 * trace.champion_variance / champion_rows,
        weight**2 * trace.champion_variance / rows, weight**2 * trace.variance / champion_rows,
    )  # fmt: skip
    told = means.Moments(*(part.cumsum(axis=1) for part in parts))
    borne = TRIFLE * setting.limit
    harm = means.evidence_of_more(told, borne, setting.limit - borne) >= HARM_OF_MEANS
    ruled_out = means.evidence_of_less(told, setting.limit, setting.limit) >= RULED_OUT
    return Said(harm & ~ruled_out & enough, ruled_out & enough)


def _late(gains):
    """Return at each look what :func:`late_harm` says; gains of shape (canaries, looks, bets)."""
    canaries, looks, bets = gains.shape
    begun = np.arange(looks)
    weights = np.log((begun + 1.0) * (begun + 2.0))
    gained = np.concatenate([np.zeros((canaries, 1, bets)), gains.cumsum(axis=1)], axis=1)
    found = np.empty((canaries, looks))
    for look in range(looks):
        since = log_mean_exp(gained[:, look + 1 : look + 2] - gained[:, : look + 1]) - weights[: look + 1]
        found[:, look] = np.logaddexp.reduce(since, axis=1)
    return found
