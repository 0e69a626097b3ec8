"""How many labels a month are paid for: a budget, what drift asks for, and never more than there are predictions."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import CostError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Annotation:
    """The labels that people have to make; labels that come by themselves cost nothing and are left out.

    :param labels_per_month: Made each month for each variant, whatever happens.
    :param alarms_per_month: Alarms of drift that each variant is expected to raise, on average.
    :param labels_per_alarm: Labels that each of them asks for.
    :param most_per_month: Budget of labels a month over all variants; none: no limit.
    """

    labels_per_month: float = 0.0
    alarms_per_month: float = 0.0
    labels_per_alarm: float = 0.0
    most_per_month: float | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and not (math.isfinite(value) and value >= 0):
                raise CostError(f"{name} is {value!r}; expected a finite number of at least 0")

    def labels(self, variants: "NDArray[np.float64]", predictions: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Return labels a month: min(variants · (regular + alarms · each), budget, predictions)."""
        import numpy as np

        asked = variants * (self.labels_per_month + self.alarms_per_month * self.labels_per_alarm)
        return np.minimum(
            asked, np.minimum(predictions, np.inf if self.most_per_month is None else self.most_per_month)
        )


def labels_for_interval(deviation: float, half_width: float, *, z: float = 1.96) -> int:
    """Return how many labels a mean of that spread needs to be known within ± `half_width`: (z · s / w)².

    :param deviation: Standard deviation of one labelled error, in the metric's unit.
    :param half_width: Half the width of the interval that is wanted, in the same unit.
    :param z: 1.96 for 95 %.
    """
    if not (deviation >= 0 and half_width > 0):
        raise CostError(f"deviation {deviation!r}, half_width {half_width!r}; expected at least 0 and above 0")
    return math.ceil((z * deviation / half_width) ** 2)
