"""What a month costs at each load: total, average and marginal, where the latter turns, and what dominates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stageline.costs.model import Costs, monthly_costs
from stageline.costs.options import option_named
from stageline.costs.plan import Plan
from stageline.costs.prices import Prices
from stageline.costs.simulate import Spread
from stageline.costs.state import State
from stageline.costs.uncertainty import Draws, Uncertainty, state_of
from stageline.exceptions import CostError

CURVE_DRAWS = 400
_PER_DECADE = 8
_NOTEWORTHY = 1.1


@dataclass(frozen=True)
class Turn:
    """Where the marginal cost rises before it falls.

    :param rises_from: Load at which it is lowest before.
    :param falls_from: Load at which it is highest.
    :param lowest: Marginal cost of 1,000 predictions there.
    :param highest: The same there.
    """

    rises_from: float
    falls_from: float
    lowest: float
    highest: float


@dataclass(frozen=True)
class Curve:
    """One option at ascending loads.

    :param loads: Requests a month.
    :param totals: What a month costs, without what is spent once to build.
    :param per_1000: Mean cost of 1,000 predictions.
    :param marginal: What 1,000 further predictions cost, between a load and the one before; one fewer than loads.
    :param dominant: The largest category from each load on, as long as it stays the largest.
    """

    name: str
    words: str
    loads: tuple[float, ...]
    totals: tuple[Spread, ...]
    per_1000: tuple[float, ...]
    marginal: tuple[float, ...]
    dominant: tuple[tuple[float, str], ...]

    @property
    def turn(self) -> Turn | None:
        """The largest rise of the marginal cost by more than a tenth that is followed by a fall of as much."""
        return find_turn(self.loads[1:], self.marginal)


def loads_between(least: float, most: float, per_decade: int = _PER_DECADE) -> tuple[float, ...]:
    """Return loads at even steps of their logarithm, both ends among them.

    :raises CostError: They do not ascend from above 0.
    """
    import numpy as np

    if not 0 < least < most:
        raise CostError(f"loads from {least:,g} to {most:,g} requests a month; expected two that ascend, above 0")
    steps = max(2, round(np.log10(most / least) * per_decade) + 1)
    return tuple(float(f"{load:.6g}") for load in np.geomspace(least, most, steps))


def cost_curve(
    name: str,
    plan: Plan,
    prices: Prices,
    loads: Sequence[float],
    *,
    uncertainty: Uncertainty | None = None,
    draws: int = CURVE_DRAWS,
    seed: int = 0,
) -> Curve:
    """Return what a month of an option costs at each load, on average over the draws.

    :param loads: Requests a month, ascending.
    """
    import numpy as np

    option = option_named(name)
    known = Uncertainty() if uncertainty is None else uncertainty
    drawn = Draws.of(draws, 1, seed)
    totals, largest = [], []
    for load in loads:
        costs = monthly_costs(option, plan.at(load), prices, at_load(plan, load, known, drawn), from_start=False)
        totals.append(np.broadcast_to(costs.total, (draws, 1))[:, 0])
        largest.append(_largest(costs))
    rows = plan.traffic.rows_per_request
    means = np.array([values.mean() for values in totals])
    at = np.asarray(loads, float)
    return Curve(
        name=name,
        words=option.words,
        loads=tuple(float(load) for load in loads),
        totals=tuple(Spread.of(values) for values in totals),
        per_1000=tuple(float(mean) for mean in means * 1_000 / (at * rows)),
        marginal=tuple(float(step) for step in np.diff(means) * 1_000 / (np.diff(at) * rows)),
        dominant=tuple(
            (float(load), category)
            for index, (load, category) in enumerate(zip(loads, largest, strict=True))
            if not index or largest[index - 1] != category
        ),
    )


def _largest(costs: Costs) -> str:
    """Return the category that costs most on average."""
    means = {category: float(value.mean()) for category, value in costs.by_category.items()}
    return max(means, key=lambda category: means[category])


def at_load(plan: Plan, load: float, uncertainty: Uncertainty, drawn: Draws) -> State:
    """Return one month at a load: as many variants as it brings, no growth, the other draws as they are."""
    import numpy as np

    state = state_of(plan.at(load), uncertainty, drawn)
    exponent = np.maximum(uncertainty.variety_exponent.at(drawn.factors["variety_exponent"]), 0.0)
    grown = max(load / plan.traffic.requests_per_month, 1.0)
    return replace(state, requests=np.full_like(state.requests, load), variants=plan.variants * grown**exponent)


def find_turn(loads: Sequence[float], marginal: Sequence[float]) -> Turn | None:
    """Return where a marginal cost rises by more than a tenth and then falls by as much; none: nowhere.

    Of several rises the highest counts. Steps of whole replicas are no rise: a value that stands out alone is
    replaced by the median of itself and its neighbours first.
    """
    values = [
        sorted(marginal[max(0, i - 1) : i + 2])[len(marginal[max(0, i - 1) : i + 2]) // 2] for i in range(len(marginal))
    ]
    found: Turn | None = None
    for index in range(1, len(values) - 1):
        before = min(range(index), key=lambda place: values[place])
        high, low, after = values[index], values[before], min(values[index + 1 :])
        stands_out = high > _NOTEWORTHY * max(low, after, 0.0) and high > 0
        if stands_out and (found is None or high > found.highest):
            found = Turn(float(loads[before]), float(loads[index]), low, high)
    return found
