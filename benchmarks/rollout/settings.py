"""What canaries are simulated: how much traffic, how it changes, and by how much they are worse."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

ALPHA, MIN_EVENTS = 0.05, 100
# By how much a canary is worse, in parts of what the metric allows.
EFFECTS = {"as good": 0.0, "a trifle": 0.25, "stated": 1.0, "twice": 2.0}
QUANTILE = 0.99


@dataclass(frozen=True)
class Setting:
    """One kind of rollout.

    :param metric: `error_rate`, `latency`, `predictions` or `kpi`.
    :param base: Share of errors of the champion; else its level.
    :param limit: What the metric allows: points, or a share of the champion's.
    :param split: Share of the canary, by look.
    :param rows: Of both arms in an interval.
    :param level: By which factor everything is larger in an interval, for both arms.
    :param tail: Distribution of latencies or losses.
    """

    name: str
    metric: str
    limit: float
    split: tuple[float, ...]
    rows: int
    base: float = 1.0
    level: tuple[float, ...] = ()
    tail: str = ""

    @property
    def looks(self) -> int:
        return len(self.split)

    @cached_property
    def canary_rows(self) -> np.ndarray:
        return np.rint(np.array(self.split) * self.rows).astype(int)

    @cached_property
    def champion_rows(self) -> np.ndarray:
        return self.rows - self.canary_rows

    @cached_property
    def levels(self) -> np.ndarray:
        return np.array(self.level or (1.0,) * self.looks)


def day(looks: int, drift: float = 0.0) -> tuple[float, ...]:
    """Return levels that go from half to twice within 24 intervals, and drift."""
    at = np.arange(looks)
    return tuple(2 ** np.sin(2 * np.pi * at / 24) * (1 + drift * at / looks))


STEPS = (0.05,) * 12 + (0.25,) * 12 + (0.5,) * 12


def settings(*, quick: bool) -> list[Setting]:
    found = [
        Setting("errors 0.1 %, 25 %", "error_rate", 0.002, (0.25,) * 30, 8_000, base=0.001),
        Setting("errors 2 %, 5 %", "error_rate", 0.01, (0.05,) * 40, 10_000, base=0.02),
        Setting("errors 2 %, 25 %", "error_rate", 0.01, (0.25,) * 30, 4_000, base=0.02),
        Setting("errors 2 %, 50 %", "error_rate", 0.01, (0.5,) * 30, 3_000, base=0.02),
        Setting("errors 10 %, 25 %", "error_rate", 0.02, (0.25,) * 30, 4_000, base=0.1),
        Setting("errors 2 %, day, steps", "error_rate", 0.01, STEPS, 6_000, base=0.02, level=day(36, 0.5)),
        Setting("latency, lognormal, 25 %", "latency", 0.5, (0.25,) * 20, 1_200, tail="lognormal 0.5"),
        Setting("latency, Pareto, 25 %", "latency", 0.5, (0.25,) * 24, 3_200, tail="Pareto 2.5"),
        Setting("latency, day, steps", "latency", 0.5, STEPS[::2], 2_000, tail="lognormal 0.5", level=day(18, 0.5)),
        Setting("kpi, half normal, 25 %", "kpi", 0.2, (0.25,) * 24, 800, tail="half normal"),
        Setting("kpi, lognormal, 25 %", "kpi", 0.2, (0.25,) * 24, 2_400, tail="lognormal 1"),
        Setting("kpi, Pareto, 50 %", "kpi", 0.3, (0.5,) * 24, 2_000, tail="Pareto 2.5"),
        Setting("kpi, day, steps", "kpi", 0.2, STEPS[::2], 2_400, tail="half normal", level=day(18, 0.5)),
        Setting("predictions, 25 %", "predictions", 0.2, (0.25,) * 10, 1_600),
    ]  # fmt: skip
    return [each for each in found if not quick or each.tail != "Pareto 2.5"]


def shortened(setting: Setting, looks: int) -> Setting:
    """Return the first looks of a setting."""
    return replace(setting, split=setting.split[:looks], level=setting.level[:looks])
