"""Whether an investment pays: what it saves against what it costs, when it is earned back, and how surely."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import CostError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Return:
    """What an investment brings.

    :param roi: (saved + resale - cost) / cost, mean over draws: 0.5 is half as much again on top of what was spent.
    :param net_present_value: The same gain in today's money, mean over draws, in the currency.
    :param payback_months: Months until the savings have paid for it, median over draws; none: not within the horizon.
    :param probability: Share of draws in which it pays for itself within the horizon.
    """

    roi: float
    net_present_value: float
    payback_months: float | None
    probability: float


def return_on(
    cost: float, saved: "NDArray[np.float64]", *, resale: float = 0.0, interest_per_year: float = 0.0
) -> Return:
    """Return what an investment brings.

    ROI = (Σ saved + resale - cost) / cost; NPV = -cost + Σ saved_t / (1 + i)^((t + 1) / 12) + resale at the end.

    :param cost: Spent at once, in the currency, above 0.
    :param saved: What each month costs less, shape (draws, months) or (months,); negative where it costs more.
    :param resale: What is got back at the end.
    :param interest_per_year: Of what else the money could do.
    :raises CostError: The cost is not above 0, or the interest not above -1.
    """
    import numpy as np

    if not (math.isfinite(cost) and cost > 0):
        raise CostError(f"the investment costs {cost!r}; expected an amount above 0: what costs nothing has no return")
    if not (math.isfinite(interest_per_year) and interest_per_year > -1):
        raise CostError(f"interest_per_year is {interest_per_year!r}; expected a finite rate above -1")
    monthly = np.atleast_2d(np.asarray(saved, float))
    months = monthly.shape[-1]
    gain = monthly.sum(axis=-1) + resale - cost
    worth = (1 + interest_per_year) ** (-(np.arange(months) + 1) / 12)
    value = monthly @ worth + resale * worth[-1] - cost
    earned = np.cumsum(monthly, axis=-1) >= cost
    first = np.where(earned.any(axis=-1), earned.argmax(axis=-1) + 1.0, np.inf)
    payback = float(np.median(first))
    return Return(
        roi=float((gain / cost).mean()),
        net_present_value=float(value.mean()),
        payback_months=payback if math.isfinite(payback) else None,
        probability=float((gain >= 0).mean()),
    )
