"""What all measures of a rollout have in common: the intervals, how much must be there, and how often one may err."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stageline.release.rollout.arms import (
    WORDS,
    Measured,
    broken,
    fault_of_counts,
    fault_of_values,
    in_order,
    present_step,
    rows_of,
)
from stageline.release.rollout.late_harm import Late
from stageline.traffic import Traffic


@dataclass(frozen=True)
class Observed:
    """The intervals of a rollout so far, in the order of time.

    :param min_events: Rows of either arm below which nothing passes.
    :param alphas: Share of rollouts in which harm may wrongly be shown by one test, and in which harm of the size of a
        limit may wrongly be ruled out.
    """

    traffic: tuple[Traffic, ...]
    min_events: int
    alphas: tuple[float, float]

    def fault(self, measured: Measured | None = None, *, canary_only: bool = False) -> str:
        """Return why nothing can be judged, in words; empty if it can.

        :param measured: What is judged; none: the events themselves.
        :param canary_only: Whether it needs nothing of the champion.
        """
        if not self.traffic:
            return "nothing was observed yet"
        unknown = next((each.losses_fault for each in self.traffic if each.losses_fault), "")
        if measured == "losses" and unknown:
            return unknown
        fault = fault_of_counts(self.traffic) if measured is None else fault_of_values(self.traffic, measured)
        if fault:
            return fault
        rows = rows_of(self.traffic, measured)
        nothing = "was asked nothing" if measured is None else f"has no {WORDS[measured]}"
        needed = {"canary": rows[0]} if canary_only else {"canary": rows[0], "champion": rows[1]}
        empty = [name for name, of in needed.items() if not of]
        return f"the {empty[0]} {nothing}" if empty else ""

    def broken(self) -> str:
        """Return why the champion is no yardstick, in words; empty if it is one."""
        newest = next((each for each in reversed(self.traffic) if each.champion.events), None)
        if newest is None or not broken(newest):
            return ""
        champion = newest.champion
        share = f"{champion.failed:,} of the champion's newest {champion.events:,} answers"
        return f"{share} are errors: it is no yardstick"

    def late(self, late: Late, starts: Sequence[datetime]) -> str:
        """Return since when there is harm, in words; empty if none is shown.

        :param starts: Of the intervals that were judged.
        """
        if late.evidence < -math.log(self.alphas[0]) or late.newest == len(starts):
            return ""
        return f"since {starts[-late.newest]:%Y-%m-%d %H:%M %Z} it is worse by more than that"

    def few(self, measured: Measured | None = None, *, step: bool = True, canary_only: bool = False) -> str:
        """Return why too little is there to pass anything, in words; empty if there is enough.

        :param step: Whether it must be there in the present step; else in the whole rollout.
        """
        chosen = present_step(self.traffic) if step else self.traffic
        rows = rows_of(chosen, measured)
        needed = rows[:1] if canary_only else rows
        if min(needed) >= self.min_events:
            return ""
        where = " in this step" if step else ""
        return f"{_and(needed)} rows{where} of min_events = {self.min_events:,}"


def observed(traffic: Sequence[Traffic], min_events: int, alphas: tuple[float, float]) -> Observed:
    """Return the intervals in the order of time."""
    return Observed(in_order(traffic), min_events, alphas)


def _and(rows: Sequence[int]) -> str:
    return " and ".join(f"{number:,}" for number in rows)
