"""What matters most: how far the total moves as each uncertain factor goes from one end of its band to the other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.costs.model import monthly_costs
from stageline.costs.options import option_named
from stageline.costs.plan import Plan
from stageline.costs.prices import Prices
from stageline.costs.uncertainty import FACTORS, TENTH, Draws, Uncertainty, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

WORDS = {
    "growth_per_month": "growth of the requests",
    "peak_times": "peak rate",
    "latency_times": "service time",
    "effort_times": "engineers' hours",
    "price_per_year": "change of prices",
    "variety_exponent": "variety that comes with growth",
}


@dataclass(frozen=True)
class Swing:
    """One factor.

    :param low: Its value at the lower end of its band, and `high` at the upper; a tenth lies beyond either.
    :param at_low: Total of all months there, the other factors in the middle.
    :param at_high: The same at the upper end.
    """

    factor: str
    words: str
    low: float
    high: float
    at_low: float
    at_high: float

    @property
    def size(self) -> float:
        """How far the total moves."""
        return abs(self.at_high - self.at_low)


def tornado(
    name: str, plan: Plan, prices: Prices, *, months: int = 36, uncertainty: Uncertainty | None = None
) -> "Sequence[Swing]":
    """Return all factors of an option, the one that matters most first."""
    known = Uncertainty() if uncertainty is None else uncertainty

    def total(**away: float) -> float:
        state = state_of(plan, known, Draws.middle(months, **away))
        costs = monthly_costs(option_named(name), plan, prices, state)
        return costs.money().amount

    swings = [
        Swing(
            factor, WORDS[factor], getattr(known, factor).low, getattr(known, factor).high,
            total(**{factor: -TENTH}), total(**{factor: TENTH}),
        )
        for factor in FACTORS
    ]  # fmt: skip
    return sorted(swings, key=lambda swing: -swing.size)
