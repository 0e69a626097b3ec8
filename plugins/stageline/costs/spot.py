"""What work on machines that may be taken away really costs: cheaper hours, but some are worked twice."""

import math
from dataclasses import dataclass

from stageline.exceptions import CostError


@dataclass(frozen=True)
class Spot:
    """Spare machines at a discount, with checkpoints.

    :param discount: Share of the price that is saved, 0 to below 1.
    :param interruptions_per_hour: How often a machine is taken away.
    :param checkpoint_seconds: Time to write one checkpoint.
    :param restart_seconds: Time until work goes on after an interruption.
    """

    discount: float = 0.7
    interruptions_per_hour: float = 0.05
    checkpoint_seconds: float = 10.0
    restart_seconds: float = 120.0

    def __post_init__(self) -> None:
        if not 0 <= self.discount < 1:
            raise CostError(f"discount is {self.discount!r}; expected a share of at least 0 and below 1")
        for name in ("interruptions_per_hour", "checkpoint_seconds", "restart_seconds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise CostError(f"{name} is {value!r}; expected a finite number of at least 0")

    @property
    def checkpoint_every_seconds(self) -> float:
        """The interval that wastes least: √(2 · checkpoint · time between interruptions), Young (1974)."""
        if not self.interruptions_per_hour:
            return math.inf
        return math.sqrt(2 * self.checkpoint_seconds * 3_600 / self.interruptions_per_hour)

    @property
    def extra_share(self) -> float:
        """Time spent on checkpoints, on work done twice and on restarts, as a share of the work itself."""
        rate = self.interruptions_per_hour / 3_600
        if not rate:
            return 0.0
        every = self.checkpoint_every_seconds
        checkpoints = self.checkpoint_seconds / every if every else 0.0
        return checkpoints + rate * (every / 2 + self.restart_seconds)

    @property
    def factor(self) -> float:
        """What an hour of work costs over what it costs on a machine that stays: (1 - discount) · (1 + extra)."""
        return (1 - self.discount) * (1 + self.extra_share)
