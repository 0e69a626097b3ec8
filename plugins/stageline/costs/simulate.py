"""Thousands of futures at once: what each option costs in each month of each draw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.costs.capacity import out_of_reach
from stageline.costs.model import Shared, monthly_costs
from stageline.costs.options import OPTIONS, option_named
from stageline.costs.plan import Plan
from stageline.costs.prices import Prices
from stageline.costs.replicas import job_objective, job_seconds
from stageline.costs.state import State
from stageline.costs.uncertainty import Draws, Uncertainty, state_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 10_000


@dataclass(frozen=True)
class Spread:
    """What many draws come to.

    :param low: A tenth of the draws lies below.
    :param mean: Of all draws.
    :param high: A tenth lies above.
    """

    low: float
    mean: float
    high: float

    @classmethod
    def of(cls, values: "NDArray[np.float64]") -> "Spread":
        """Return it of draws along the first axis."""
        import numpy as np

        low, high = np.quantile(values, [0.1, 0.9])
        return cls(float(low), float(values.mean()), float(high))


@dataclass(frozen=True)
class Simulated:
    """One option in all draws.

    :param monthly: What each month costs, shape (draws, months), in the currency.
    :param by_category: Mean over draws of the sum over months.
    :param misfit: Why the option does not fit at the start; none: it fits.
    :param late_share: Share of draws in which the model becomes too slow for the objective.
    """

    name: str
    words: str
    monthly: "NDArray[np.float64]"
    by_category: Mapping[str, float]
    misfit: str | None
    late_share: float

    @property
    def totals(self) -> "NDArray[np.float64]":
        """What all months cost, by draw."""
        totals: NDArray[np.float64] = self.monthly.sum(axis=-1)
        return totals

    @property
    def spread(self) -> Spread:
        """What all months cost."""
        return Spread.of(self.totals)


@dataclass(frozen=True)
class Simulation:
    """All options in the same draws.

    :param predictions: Made in all months, by draw, before anything is left out.
    :param months: How far it looks.
    """

    options: Mapping[str, Simulated]
    predictions: "NDArray[np.float64]"
    state: State
    months: int
    currency: str

    def fitting(self) -> list[Simulated]:
        """Return the options that fit, the cheapest on average first."""
        return sorted((one for one in self.options.values() if one.misfit is None), key=lambda one: one.spread.mean)

    def per_1000(self, name: str) -> Spread:
        """Return what 1,000 predictions cost over all months, everything included.

        The mean is that of the costs over that of the predictions, so that it ranks options as their totals do.
        """
        totals = self.options[name].totals
        spread = Spread.of(totals * 1_000 / self.predictions)
        return Spread(spread.low, float(totals.mean() / self.predictions.mean()) * 1_000, spread.high)


def simulate(
    plan: Plan,
    prices: Prices,
    *,
    months: int = 36,
    options: Sequence[str] = tuple(OPTIONS),
    uncertainty: Uncertainty | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Simulation:
    """Return what each option costs over the months, in all draws; the same seed gives the same draws.

    :raises CostError: An option is unknown, or a number may not be.
    """
    import numpy as np

    known = Uncertainty() if uncertainty is None else uncertainty
    state = state_of(plan, known, Draws.of(draws, months, seed))
    shared = Shared.of(plan, state)
    results = {name: _simulated(name, plan, prices, state, shared) for name in options}
    rows = np.broadcast_to(state.requests, (draws, months)).sum(axis=-1) * plan.traffic.rows_per_request
    return Simulation(results, rows, state, months, prices.currency)


def _simulated(name: str, plan: Plan, prices: Prices, state: State, shared: Shared) -> Simulated:
    import numpy as np

    option = option_named(name)
    costs = monthly_costs(option, plan, prices, state, shared=shared)
    shape = np.broadcast_shapes(*(value.shape for value in costs.by_category.values()), state.requests.shape)
    weight = {
        category: shape[-1] / (value.shape[-1] if value.ndim else 1) for category, value in costs.by_category.items()
    }
    by_category = {
        category: float(np.atleast_1d(value).sum(axis=-1).mean()) * weight[category]
        for category, value in costs.by_category.items()
    }
    seconds = np.asarray(job_seconds(plan, plan.joined, 1) * state.latency_times, float)
    late = (
        0.0
        if option.run_by == "vendor"
        else float(out_of_reach(seconds, job_objective(plan), plan.service.variation).mean())
    )
    return Simulated(
        name, option.words, np.array(np.broadcast_to(costs.total, shape)), by_category, option.misfit(plan), late
    )
