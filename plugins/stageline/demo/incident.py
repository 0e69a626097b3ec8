"""What an incident is: a window in which the data or the world goes wrong, the true cause, and what finds it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Effect = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


class FailureReason(StrEnum):
    """Why a model fails; the six reasons of Dhingra & Sood, "Scaling ML Products At Startups" (2023)."""

    BAD_DATA = "bad_data"
    WRONG_Y = "wrong_y"
    MISSING_FEATURE = "missing_feature"
    LIMITED_REPRESENTATION = "limited_representation"
    EXTRAPOLATION = "extrapolation"
    INTERPOLATION = "interpolation"


class Finder(StrEnum):
    """What of a pipeline finds an incident, in the order in which it can."""

    QUALITY = "quality"
    """Single rows break an expectation or come twice."""
    DRIFT = "drift"
    """The inputs of a window are no longer like those of the same season that the model was trained on."""
    PERFORMANCE = "performance"
    """The labels of a window show that the model is worse than its release led one to expect."""


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Something that goes wrong from `start` until before `end`, and what a diagnosis should find.

    :param columns: Columns whose values change; empty where whole rows are added.
    :param clock: Hours of the day that are affected; by default all.
    :param share: Share of the window's rows that change or are repeated; chance may leave a few as they are.
    :param added_rows: Rows that the window gains.
    :param description: What happened, as someone on the spot would tell it.
    :param truth: What a good diagnosis says, with the remedy, in one sentence.
    :param found_within: What finds it, and in which weekly window at the latest: 1 is the week, from Monday on, in
        which it starts. What is not named may find it, too: it is not promised.
    :param effect: What happens to the affected rows; see `stageline.demo.effects`.
    """

    name: str
    reason: FailureReason
    start: datetime
    end: datetime
    columns: tuple[str, ...]
    clock: tuple[int, ...] = tuple(range(24))
    share: float
    added_rows: int = 0
    description: str
    truth: str
    found_within: Mapping[Finder, int] = field(hash=False)
    effect: "Effect"

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"incident {self.name!r}: start {self.start} is not before end {self.end}")
        if not 0 < self.share <= 1:
            raise ValueError(f"incident {self.name!r}: share = {self.share}; expected above 0 and at most 1")
        if not self.found_within or min(self.found_within.values()) < 1:
            raise ValueError(
                f"incident {self.name!r}: found_within = {dict(self.found_within)}; expected 1 or more each"
            )

    def window(self, frame: "pd.DataFrame") -> "NDArray[np.bool_]":
        """Return which rows lie between start and end by their `ride_hour`."""
        inside: NDArray[np.bool_] = ((frame["ride_hour"] >= self.start) & (frame["ride_hour"] < self.end)).to_numpy()
        return inside

    def exposed(self, frame: "pd.DataFrame") -> "NDArray[np.bool_]":
        """Return which rows the incident can change: those in the window and at its hours of the day."""
        at_its_hours: NDArray[np.bool_] = frame["ride_hour"].dt.hour.isin(self.clock).to_numpy()
        return self.window(frame) & at_its_hours

    def apply(self, frame: "pd.DataFrame", rng: "np.random.Generator") -> "pd.DataFrame":
        """Return the frame with the incident in it; only `columns` of the exposed rows change.

        Rows that are too many follow the window's last row. The frame given is left as it is.

        :param frame: Table of `simulate_demand`; times are those before this incident.
        """
        import pandas as pd

        exposed = self.exposed(frame)
        count = int(exposed.sum())
        if not count:
            return frame
        delivered = self.effect(frame[exposed].copy(), rng)
        columns = list(self.columns)
        changed = frame.copy()
        changed.loc[exposed, columns] = delivered.iloc[:count][columns]
        surplus = delivered.iloc[count:]
        if surplus.empty:
            return changed
        after = int(exposed.nonzero()[0][-1]) + 1
        return pd.concat([changed.iloc[:after], surplus, changed.iloc[after:]], ignore_index=True)
