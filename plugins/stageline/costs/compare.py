"""Which way to get predictions is cheapest over the horizon, at which load another one is, and when building pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stageline.costs.investment import Return, return_on
from stageline.costs.model import Shared, monthly_costs
from stageline.costs.options import OPTIONS, option_named
from stageline.costs.plan import Plan
from stageline.costs.prices import Prices
from stageline.costs.simulate import DRAWS, Simulation, simulate
from stageline.costs.state import State
from stageline.costs.uncertainty import Draws, Uncertainty, state_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DRAWS_A_LOAD = 300
_HALVINGS = 12
PAYS = 0.5
PAYS_SURELY = 0.8


@dataclass(frozen=True)
class BreakEven:
    """A load at which another option becomes the cheapest of those that fit.

    :param load: Requests a month at the start; it grows from there as the plan says.
    :param before: Cheapest below it.
    :param after: Cheapest above it.
    :param because: Why the one before goes no further, where it is not for its cost.
    """

    load: float
    before: str
    after: str
    because: str = ""


@dataclass(frozen=True)
class Building:
    """How surely a model of one's own is cheaper than a vendor's, at each load.

    :param loads: Requests a month at the start.
    :param probabilities: Share of draws in which the cheapest way to run an own model costs less, build included.
    :param pays_from: Load from which on that is so in at least half of the draws; none: at no load looked at.
    :param pays_surely_from: The same in at least 80 %.
    """

    loads: tuple[float, ...]
    probabilities: tuple[float, ...]
    pays_from: float | None
    pays_surely_from: float | None


@dataclass(frozen=True)
class Comparison:
    """All options over the horizon.

    :param cheapest_in: By option that fits, the share of draws in which none costs less.
    :param break_evens: Ascending.
    :param building: Own model against a vendor's; none where one of both is not compared.
    """

    simulation: Simulation
    cheapest_in: Mapping[str, float]
    break_evens: tuple[BreakEven, ...]
    building: Building | None


def compare(
    plan: Plan,
    prices: Prices,
    loads: Sequence[float],
    *,
    months: int = 36,
    options: Sequence[str] = tuple(OPTIONS),
    uncertainty: Uncertainty | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Comparison:
    """Return the comparison at the plan's own load, and where it would turn at others.

    :param loads: Requests a month at which the options are compared, ascending.
    """
    known = Uncertainty() if uncertainty is None else uncertainty
    simulation = simulate(
        plan, prices, months=months, options=options, uncertainty=known, draws=draws, seed=seed
    )  # fmt: skip
    horizon = _Horizon(plan, prices, known, months, tuple(options))
    return Comparison(
        simulation=simulation,
        cheapest_in=_cheapest_in(simulation),
        break_evens=horizon.break_evens(loads),
        building=_building(horizon, loads, min(draws, _DRAWS_A_LOAD), seed),
    )


def return_of_switching(simulation: Simulation, present: str, other: str, *, interest_per_year: float = 0.0) -> Return:
    """Return what switching from one option to another brings: its first month's extra cost is what is invested.

    :raises CostError: The other one costs nothing more at first: then there is nothing to invest.
    """
    old, new = simulation.options[present].monthly, simulation.options[other].monthly
    invested = float((new[:, 0] - new[:, min(1, new.shape[1] - 1)]).mean())
    running = new.copy()
    running[:, 0] -= invested
    built = float((old[:, 0] - old[:, min(1, old.shape[1] - 1)]).mean())
    present_running = old.copy()
    present_running[:, 0] -= built  # what the present option took to build is spent already
    return return_on(invested, present_running - running, interest_per_year=interest_per_year)


def _cheapest_in(simulation: Simulation) -> dict[str, float]:
    import numpy as np

    fitting = simulation.fitting()
    if not fitting:
        return {}
    winner = np.argmin([one.totals for one in fitting], axis=0)
    return {one.name: float((winner == place).mean()) for place, one in enumerate(fitting)}


@dataclass(frozen=True)
class _Horizon:
    """Totals over the horizon at any load."""

    plan: Plan
    prices: Prices
    uncertainty: Uncertainty
    months: int
    options: tuple[str, ...]

    def state(self, load: float, draws: Draws) -> State:
        plan = self.plan.at(load)
        state = state_of(plan, self.uncertainty, draws)
        exponent = self.uncertainty.variety_exponent.at(draws.factors["variety_exponent"]).clip(0.0)
        more = max(load / self.plan.traffic.requests_per_month, 1.0) ** exponent
        return replace(state, variants=state.variants * more)

    def totals(self, name: str, load: float, state: State, shared: Shared) -> "NDArray[np.float64]":
        costs = monthly_costs(option_named(name), self.plan.at(load), self.prices, state, shared=shared)
        totals: NDArray[np.float64] = costs.total.sum(axis=-1)
        return totals

    def fitting(self, load: float) -> tuple[str, ...]:
        plan = self.plan.at(load)
        return tuple(name for name in self.options if option_named(name).misfit(plan) is None)

    def cheapest(self, load: float) -> str | None:
        """Return the option that costs least in the middle of all bands."""
        state = self.state(load, Draws.middle(self.months))
        shared, names = Shared.of(self.plan.at(load), state), self.fitting(load)
        return min(names, key=lambda name: float(self.totals(name, load, state, shared).sum())) if names else None

    def break_evens(self, loads: Sequence[float]) -> tuple[BreakEven, ...]:
        """Return where the cheapest option changes, each found by halving between two of the loads."""
        found = []
        best = [self.cheapest(load) for load in loads]
        for index in range(1, len(loads)):
            before, after = best[index - 1], best[index]
            if before is None or after is None or before == after:
                continue
            low, high = loads[index - 1], loads[index]
            for _ in range(_HALVINGS):
                middle = (low * high) ** 0.5
                now = self.cheapest(middle)
                low, high, after = (middle, high, after) if now == before else (low, middle, now)
            reason = option_named(before).misfit(self.plan.at(high)) or ""
            found.append(BreakEven(float(high), before, str(after), reason))
            if after != best[index]:  # a third one is cheapest in between
                found.append(BreakEven(float(loads[index]), str(after), str(best[index])))
        return tuple(found)


def _building(horizon: _Horizon, loads: Sequence[float], draws: int, seed: int) -> Building | None:
    import numpy as np

    own = [name for name in horizon.options if option_named(name).has_own_model]
    if not own or "vendor" not in horizon.options:
        return None
    drawn = Draws.of(draws, horizon.months, seed)
    probabilities = []
    for load in loads:
        state, fitting = horizon.state(load, drawn), set(horizon.fitting(load)) & set(own)
        shared = Shared.of(horizon.plan.at(load), state)
        built = [horizon.totals(name, load, state, shared) for name in own if name in fitting]
        bought = horizon.totals("vendor", load, state, shared)
        probabilities.append(float((np.min(built, axis=0) < bought).mean()) if built else 0.0)
    return Building(
        tuple(float(load) for load in loads), tuple(probabilities),
        _from(loads, probabilities, PAYS), _from(loads, probabilities, PAYS_SURELY),
    )  # fmt: skip


def _from(loads: Sequence[float], probabilities: Sequence[float], least: float) -> float | None:
    """Return the load from which on a probability stays at least as high, between two loads by their logarithm."""
    import math

    if probabilities[-1] < least:
        return None
    place = len(probabilities) - 1
    while place and probabilities[place - 1] >= least:
        place -= 1
    if not place:
        return float(loads[0])
    low, high = probabilities[place - 1], probabilities[place]
    share = (least - low) / (high - low)
    return math.exp(math.log(loads[place - 1]) * (1 - share) + math.log(loads[place]) * share)
