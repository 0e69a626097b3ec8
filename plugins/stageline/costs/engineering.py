"""How many hours engineers spend by the volume, velocity and variety of what a pipeline serves.

There is no published formula; this one is ours. Hours = base · (1 + Σ growth_i · h(x_i / half_way_i)) with
h(x) = x² / (1 + x²), over volume (requests a month), velocity (requests a second at the peak) and variety (variants
beyond the first). h rises slowly while what is there suffices, steeply while it does not and things are rebuilt, and
levels off once they are automated: its slope is largest at x = 1/√3, so the marginal cost rises before it falls.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import CostError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STEEPEST = 1 / math.sqrt(3)  # where h''(x) = 0


@dataclass(frozen=True)
class Growth:
    """By how much one of the three multiplies the hours.

    :param grows_by: Added to 1 in the end: 2 means three times the hours.
    :param half_way: Amount at which half of it is reached.
    """

    grows_by: float
    half_way: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.grows_by) and self.grows_by >= 0):
            raise CostError(f"grows_by is {self.grows_by!r}; expected a finite number of at least 0")
        if not (math.isfinite(self.half_way) and self.half_way > 0):
            raise CostError(f"half_way is {self.half_way!r}; expected a finite amount above 0")

    def share(self, amount: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return what is added to 1 at each amount."""
        squared = (amount / self.half_way) ** 2
        return self.grows_by * squared / (1 + squared)


@dataclass(frozen=True)
class Engineering:
    """The engineers' hours of a pipeline.

    :param build_hours: Once, to make the model; an option adds its own.
    :param improve_hours: Engineer-hours a month to make it better, whatever the load.
    :param volume: By requests a month.
    :param velocity: By requests a second at the peak.
    :param variety: By variants beyond the first, e.g. customers or cities with a model of their own.
    """

    build_hours: float = 160.0
    improve_hours: float = 8.0
    volume: Growth = Growth(2.0, 2e7)
    velocity: Growth = Growth(1.5, 200.0)
    variety: Growth = Growth(4.0, 60.0)

    def __post_init__(self) -> None:
        for name, hours in (("build_hours", self.build_hours), ("improve_hours", self.improve_hours)):
            if not (math.isfinite(hours) and hours >= 0):
                raise CostError(f"{name} is {hours!r}; expected a finite number of engineer-hours of at least 0")

    def times(
        self,
        requests_per_month: "NDArray[np.float64]",
        peak_per_second: "NDArray[np.float64]",
        variants: "NDArray[np.float64]",
    ) -> "NDArray[np.float64]":
        """Return by how much the hours of a small pipeline are multiplied; at least 1, and rising in each."""
        import numpy as np

        more: NDArray[np.float64] = (
            1
            + self.volume.share(requests_per_month)
            + self.velocity.share(peak_per_second)
            + self.variety.share(np.maximum(variants - 1, 0.0))
        )
        return more
