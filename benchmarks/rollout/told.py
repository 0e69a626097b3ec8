"""What came of the canaries of a setting: rolled back, promoted, or undecided at the deadline."""

from dataclasses import dataclass

import numpy as np

from rollout.ours import judge
from rollout.rules import rollbacks
from rollout.settings import Setting
from rollout.traces import simulate

BATCH = 100


@dataclass(frozen=True)
class Told:
    """Shares of the canaries of one setting and effect.

    :param events: Median number of rows of both arms until the decision; of those undecided, all there are.
    :param rules: By rule: share that it rolls back, and the median number of rows until then (of all its rollbacks).
    """

    setting: Setting
    effect: str
    canaries: int
    failed: float
    promoted: float
    undecided: float
    events: float
    rules: dict[str, tuple[float, float]]


def told_of(setting: Setting, effect: str, size: float, canaries: int, seed: int) -> Told:
    """Return what came of simulated canaries."""
    rng = np.random.default_rng([seed, int(1_000 * size)])
    ours, theirs = [], {}
    for begin in range(0, canaries, BATCH):
        trace = simulate(rng, setting, size, min(BATCH, canaries - begin))
        said = judge(setting, trace)
        ours.append((_first(said.failed), _first(said.passed)))
        for name, back in rollbacks(setting, trace).items():
            theirs.setdefault(name, []).append(_first(back))
    failed, passed = (np.concatenate(part) for part in zip(*ours, strict=True))
    rows = setting.rows * np.arange(1, setting.looks + 2)
    rows[-1] = rows[-2]
    decided = np.minimum(failed, passed)
    rules = {name: _rolled_back(np.concatenate(parts), rows) for name, parts in theirs.items()}
    return Told(
        setting, effect, canaries, float((failed < passed).mean()), float((passed < failed).mean()),
        float((decided == setting.looks).mean()), float(np.median(rows[decided])), rules,
    )  # fmt: skip


def _first(said: np.ndarray) -> np.ndarray:
    """Return the first look at which something is said; the number of looks where it never is."""
    return np.where(said.any(axis=1), said.argmax(axis=1), said.shape[1])


def _rolled_back(at: np.ndarray, rows: np.ndarray) -> tuple[float, float]:
    """Return the share that is rolled back, and the median number of rows until then; 0 where none is."""
    back = at < len(rows) - 1
    return float(back.mean()), float(np.median(rows[at[back]])) if back.any() else 0.0
