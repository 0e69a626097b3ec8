"""What an option costs month by month: its uses at their prices, its engineers' hours, by category."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from stageline.costs.money import Money
from stageline.costs.options.option import Option
from stageline.costs.plan import Plan
from stageline.costs.prices import Prices
from stageline.costs.state import Served, State
from stageline.costs.units import factor
from stageline.costs.usage import (
    COUNTED_IN,
    DEVELOPMENT,
    FIXED,
    LICENCES,
    OPERATION,
    PEOPLE,
    Usage,
    merged,
    upkeep,
    watching,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Costs:
    """What one option costs, by category: arrays of shape (draws, months), numbers in the currency.

    :param currency: ISO 4217 code.
    """

    by_category: "Mapping[str, NDArray[np.float64]]"
    currency: str

    @property
    def total(self) -> "NDArray[np.float64]":
        """All categories, shape (draws, months)."""
        return sum(self.by_category.values())  # type: ignore[return-value]

    @property
    def fixed(self) -> "NDArray[np.float64]":
        """What is spent to build and improve, whether anybody asks or not."""
        return sum(value for name, value in self.by_category.items() if name in FIXED)  # type: ignore[return-value]

    @property
    def variable(self) -> "NDArray[np.float64]":
        """What is spent to serve and maintain."""
        return self.total - self.fixed

    def money(self, category: str | None = None) -> Money:
        """Return the mean over draws of the sum over months."""
        values = self.total if category is None else self.by_category[category]
        return Money(float(values.sum(axis=-1).mean()), self.currency)


@dataclass(frozen=True)
class Shared:
    """What is the same for all options, of a plan in a state.

    :param kept: What every pipeline with a model of its own uses beside serving.
    :param watched: The part of it that a vendor's needs, too.
    :param times: By how much engineers' hours are multiplied.
    """

    served: Served
    kept: Usage
    watched: Usage
    times: "NDArray[np.float64]"

    @classmethod
    def of(cls, plan: Plan, state: State) -> Self:
        """Compute it once for many options."""
        import numpy as np

        served = Served.of(plan, state)
        times = plan.engineering.times(served.asked, served.peak_per_second, state.variants)
        kept = upkeep(plan, state, served)
        return cls(served, kept, watching(plan, state, served), np.asarray(times * np.asarray(state.effort_times)))


def usage_of(
    option: Option, plan: Plan, state: State, *, from_start: bool = True, shared: Shared | None = None
) -> Usage:
    """Return all that an option uses, engineers' hours among it.

    Hours a month: (operate + improve) · `Engineering.times`; the first month adds what it takes to build.

    :param from_start: Whether the first month is that in which it is built.
    """
    import numpy as np

    own, common = option.has_own_model, shared or Shared.of(plan, state)
    improve = plan.engineering.improve_hours * common.times if own else np.zeros_like(common.times)
    if from_start:
        built = np.zeros(common.times.shape[-1])
        built[0] = option.build_hours + (plan.engineering.build_hours if own else 0.0)
        improve = improve + built * np.asarray(state.effort_times)
    people = {(OPERATION, PEOPLE): option.operate_hours * common.times, (DEVELOPMENT, PEOPLE): improve}
    return merged(option.use(plan, state, common.served), common.kept if own else common.watched, people)


def priced(usage: Usage, prices: Prices, price_times: "NDArray[np.float64] | float" = 1.0) -> Costs:
    """Return what uses cost: each in its price's tiers, month by month.

    :param price_times: What the list's prices are multiplied by, but for people.
    """
    costs: dict[str, NDArray[np.float64]] = {}
    for name in dict.fromkeys(name for _, name in usage):
        parts = {category: amounts for (category, each), amounts in usage.items() if each == name}
        for category, cost in _split(name, parts, prices).items():
            told = cost if name == PEOPLE else cost * price_times
            costs[category] = costs[category] + told if category in costs else told
    return Costs(costs, prices.currency)


def monthly_costs(
    option: Option, plan: Plan, prices: Prices, state: State | None = None, *, from_start: bool = True,
    shared: Shared | None = None,
) -> Costs:  # fmt: skip
    """Return what an option costs month by month.

    :param state: Default: one month of the plan's own figures.
    :param from_start: Whether the first month is that in which it is built.
    :param shared: Of the same plan and state, where several options are priced.
    """
    now = State.of(plan) if state is None else state
    costs = priced(usage_of(option, plan, now, from_start=from_start, shared=shared), prices, now.price_times)
    return _licensed(costs, plan.licences_per_month) if option.has_own_model else costs


def _licensed(costs: Costs, per_month: float) -> Costs:
    """Return costs with licences, which cost the same each month."""
    import numpy as np

    if not per_month:
        return costs
    return replace(costs, by_category={**costs.by_category, LICENCES: np.full(costs.total.shape, per_month)})


def bill(usage: Usage, prices: Prices) -> Mapping[str, Money]:
    """Return a month's bill, a line for each thing that was used, added up over categories.

    :param usage: Of one month.
    """
    totals: dict[str, NDArray[np.float64]] = {}
    for (_, name), amounts in usage.items():
        totals[name] = totals[name] + amounts if name in totals else amounts
    return {
        name: Money(float(_charged(name, amounts, prices).sum()), prices.currency) for name, amounts in totals.items()
    }


def _split(
    name: str, parts: "Mapping[str, NDArray[np.float64]]", prices: Prices
) -> "Mapping[str, NDArray[np.float64]]":
    """Return what each category pays of one thing: tiers are reached by all of them together."""
    import numpy as np

    if len(parts) == 1:
        return {category: _charged(name, amounts, prices) for category, amounts in parts.items()}
    together: NDArray[np.float64] = sum(parts.values())  # type: ignore[assignment]
    each = _charged(name, together, prices) / np.where(together > 0, together, 1.0)
    return {category: amounts * each for category, amounts in parts.items()}


def _charged(name: str, amounts: "NDArray[np.float64]", prices: Prices) -> "NDArray[np.float64]":
    price = prices[name]
    times = factor(COUNTED_IN[name], price.per)
    return price.amounts(amounts if times == 1 else amounts * times)
