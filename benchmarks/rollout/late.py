"""Canaries that go well for half of their looks and then break: how many are found in that very interval."""

from dataclasses import replace

import numpy as np

from rollout.ours import judge
from rollout.rules import rollbacks
from rollout.settings import Setting
from rollout.traces import simulate

# Points of errors that a canary that breaks has more.
MORE = 0.2


def found_at_once(setting: Setting, canaries: int, seed: int) -> dict[str, float]:
    """Return the share of canaries that are failed by the interval in which they break, and not before."""
    rng = np.random.default_rng([seed, 99])
    trace = simulate(rng, setting, 0.0, canaries)
    breaks = setting.looks // 2
    hits = trace.hits.copy()
    rate = setting.base * setting.levels[breaks:] + MORE
    hits[:, breaks:] = rng.binomial(setting.canary_rows[breaks:], rate, hits[:, breaks:].shape)
    broken = replace(trace, hits=hits)
    said = {"ours": judge(setting, broken).failed} | rollbacks(setting, broken)
    return {name: float((each[:, breaks] & ~each[:, :breaks].any(axis=1)).mean()) for name, each in said.items()}
