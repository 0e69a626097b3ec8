"""Which group each row of a batch is in, e.g. its month, and counts by group."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Grouping:
    """Which group each row of a batch is in.

    :param places: Group of each row, shape (rows,); none: all are in the only one.
    """

    groups: int
    places: "np.ndarray | None"

    def count(self, rows: int) -> "np.ndarray":
        """Return how many rows each group has."""
        import numpy as np

        if self.places is None:
            return np.array([rows], np.int64)
        return np.bincount(self.places, minlength=self.groups)

    def count_where(self, chosen: "np.ndarray") -> "np.ndarray":
        """Return how many of the chosen rows each group has."""
        return self.only(chosen).count(int(chosen.sum()))

    def only(self, chosen: "np.ndarray") -> "Grouping":
        """Return the grouping of the chosen rows."""
        return self if self.places is None else Grouping(self.groups, self.places[chosen])

    def in_bins(self, bins: "np.ndarray", count: int) -> "np.ndarray":
        """Return how many rows of each group are in each bin, shape (groups, count)."""
        import numpy as np

        if self.places is None:
            return np.bincount(bins, minlength=count)[None, :]
        return np.bincount(self.places * count + bins, minlength=self.groups * count).reshape(self.groups, count)

    def ends(self, values: "np.ndarray") -> "tuple[np.ndarray, np.ndarray]":
        """Return each group's smallest and largest value."""
        import numpy as np

        low, high = np.full(self.groups, np.inf), np.full(self.groups, -np.inf)
        if self.places is not None:
            np.minimum.at(low, self.places, values)
            np.maximum.at(high, self.places, values)
        elif len(values):
            low[0], high[0] = values.min(), values.max()
        return low, high
