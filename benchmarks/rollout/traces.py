"""Simulated traffic: what every rule is told of each interval, of many canaries at once."""

from dataclasses import dataclass
from math import ceil

import numpy as np
from scipy.stats import norm

from rollout.settings import QUANTILE, Setting
from stageline.release.rollout.findings import TRIFLE

POINTS = 64
DRAWN = {
    "half normal": lambda rng, shape: np.abs(rng.standard_normal(shape, dtype=np.float32)),
    "lognormal 0.5": lambda rng, shape: np.exp(0.5 * rng.standard_normal(shape, dtype=np.float32)),
    "lognormal 1": lambda rng, shape: np.exp(rng.standard_normal(shape, dtype=np.float32)),
    "Pareto 2.5": lambda rng, shape: (1 - rng.random(shape, dtype=np.float32)) ** -0.4,
}
# Long-run values of the champion, as who sets a threshold knows them.
MEANS = {"half normal": 0.7979, "lognormal 0.5": 1.1331, "lognormal 1": 1.6487, "Pareto 2.5": 1.6667}
QUANTILES = {"lognormal 0.5": float(np.exp(0.5 * norm.ppf(QUANTILE))), "Pareto 2.5": float((1 - QUANTILE) ** -0.4)}


@dataclass(frozen=True)
class Errors:
    """Errors of both arms, shape (canaries, looks)."""

    hits: np.ndarray
    champion_hits: np.ndarray


@dataclass(frozen=True)
class Losses:
    """Mean and variance of both arms, shape (canaries, looks)."""

    mean: np.ndarray
    champion_mean: np.ndarray
    variance: np.ndarray
    champion_variance: np.ndarray


@dataclass(frozen=True)
class Latencies:
    """Canary's answers beyond the champion's quantile, and a few factors of it; and both quantiles.

    :param beyond: At factor 1, at what is borne, and at the limit; of shape (3, canaries, looks).
    """

    beyond: np.ndarray
    quantile: np.ndarray
    champion_quantile: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """Values upto each point, shape (canaries, looks, points)."""

    upto: np.ndarray
    champion_upto: np.ndarray


Trace = Errors | Losses | Latencies | Predictions


def worse(setting: Setting, effect: float) -> float:
    """Return by how much a canary is worse: points, a share, or how far its predictions are moved.

    :param effect: In parts of the limit.
    """
    if setting.metric == "predictions":
        return float(2 * norm.ppf((1 + effect * setting.limit) / 2))
    return effect * setting.limit


def simulate(rng: np.random.Generator, setting: Setting, effect: float, canaries: int) -> Trace:
    """Return the traces of some canaries."""
    more = worse(setting, effect)
    if setting.metric == "error_rate":
        rate = setting.base * setting.levels
        shape = (canaries, setting.looks)
        return Errors(
            rng.binomial(setting.canary_rows, rate + more, shape), rng.binomial(setting.champion_rows, rate, shape)
        )
    if setting.metric == "predictions":
        edges = norm.ppf(np.arange(1, POINTS + 1) / (POINTS + 1))
        return Predictions(_upto(rng, setting.canary_rows, edges - more, canaries),
                           _upto(rng, setting.champion_rows, edges, canaries))  # fmt: skip
    looks = [values(rng, setting, more, look, canaries) for look in range(setting.looks)]
    kind = Losses if setting.metric == "kpi" else Latencies
    told = [(losses_of if kind is Losses else latencies_of)(setting, *values) for values in looks]
    return kind(*(np.stack(parts, axis=-1) for parts in zip(*told, strict=True)))


def values(rng, setting, more, look, canaries):
    draw, level = DRAWN[setting.tail], np.float32(setting.levels[look])
    canary = draw(rng, (canaries, setting.canary_rows[look]))
    canary *= level * np.float32(1 + more)
    return canary, level * draw(rng, (canaries, setting.champion_rows[look]))


def losses_of(_, canary, champion):
    means = (part.mean(axis=1, dtype=float) for part in (canary, champion))
    return (*means, *(part.var(axis=1, ddof=1, dtype=float) for part in (canary, champion)))


def latencies_of(setting, canary, champion):
    own, limit = (_quantile(part) for part in (canary, champion))
    factors = (1.0, 1 + TRIFLE * setting.limit, 1 + setting.limit)
    beyond = np.stack([(canary > factor * limit[:, None]).sum(axis=1) for factor in factors])
    return beyond, own, limit


def _quantile(values):
    rank = ceil(QUANTILE * values.shape[1])
    return np.partition(values, rank - 1, axis=1)[:, rank - 1]


def _upto(rng, rows, edges, canaries):
    shares = np.diff(np.concatenate([[0.0], norm.cdf(edges), [1.0]]))
    found = np.stack([rng.multinomial(count, shares, canaries) for count in rows], axis=1)
    return found[..., :-1].cumsum(axis=-1)
