"""All that is said of a pipeline's costs at once, from its spec, its measurements and the prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.costs.compare import Comparison, compare
from stageline.costs.curve import Curve, cost_curve, loads_between
from stageline.costs.judge import judge_cost
from stageline.costs.levers import NAMES, Levers
from stageline.costs.measurements import Measurements
from stageline.costs.model import Costs, monthly_costs
from stageline.costs.options import option_named
from stageline.costs.plan import Plan
from stageline.costs.planning import plan_of
from stageline.costs.prices import Prices, outdated
from stageline.costs.recommend import recommendation
from stageline.costs.simulate import DRAWS
from stageline.costs.state import State
from stageline.costs.tornado import Swing, tornado
from stageline.costs.uncertainty import Draws, Uncertainty, state_of
from stageline.verdicts import Check

if TYPE_CHECKING:
    from stageline.spec import PipelineSpec
    from stageline.spec.costs import Costs as Section


@dataclass(frozen=True)
class Saving:
    """What one lever alone saves of the chosen option over the horizon.

    :param saved: In the currency; negative where it costs more.
    :param share: Of what it costs without.
    """

    lever: str
    saved: float
    share: float


@dataclass(frozen=True)
class Shares:
    """What a month today comes to by whoever bears or earns it; none where the spec does not say.

    :param per_customer: In the currency.
    :param of_revenue: Cost of one unit of revenue.
    """

    cost_centre: str | None
    per_customer: float | None
    of_revenue: float | None


@dataclass(frozen=True)
class Analysis:
    """Everything that the commands and the page show.

    :param chosen: Option that costs least of those that fit; none fits: the first.
    :param today: What a month of it costs at the plan's load, building apart.
    :param curves: Of all options that are compared, at ascending loads.
    :param swings: Of the chosen one, the factor that matters most first.
    :param gate: What 1,000 predictions cost against `costs.max_per_1000`.
    :param savings: Of the chosen one, the lever that saves most first.
    """

    pipeline: str
    plan: Plan
    uncertainty: Uncertainty
    months: int
    currency: str
    prices: Prices
    chosen: str
    today: Costs
    curves: tuple[Curve, ...]
    comparison: Comparison
    swings: tuple[Swing, ...]
    savings: tuple[Saving, ...]
    assumed: tuple[str, ...]
    measured: tuple[str, ...]
    recommendation: str
    warning: str | None
    limit_per_1000: float | None
    gate: Check
    shares: "Shares"


def analyse(
    spec: "PipelineSpec",
    measured: Measurements,
    prices: Prices,
    *,
    loads: tuple[float, float],
    months: int,
    load: float | None = None,
    levers: Sequence[str] = (),
    draws: int = DRAWS,
    seed: int = 0,
) -> Analysis:
    """Return the analysis.

    :param loads: Least and most requests a month to look at.
    :param load: Requests a month at the start, instead of the spec's and the measured ones.
    :param levers: Pulled beside those of the spec.
    :raises CostError: A figure is missing or may not be.
    """
    planned = plan_of(spec.costs, measured, prices, schedule=spec.schedule, requests_per_month=load)
    plan = Levers().pull_all(tuple(levers), planned.plan)
    pulled = (*(spec.costs.levers if spec.costs else ()), *levers)
    grid = loads_between(*loads)
    comparison = compare(
        plan, prices, grid, months=months, options=planned.options, uncertainty=planned.uncertainty, draws=draws,
        seed=seed,
    )  # fmt: skip
    fitting = comparison.simulation.fitting()
    chosen = fitting[0].name if fitting else planned.options[0]
    swings = tornado(chosen, plan, prices, months=months, uncertainty=planned.uncertainty)
    assumed = (*planned.assumed, *([f"{', '.join(levers)} at their assumed effect"] if levers else []))
    start, limit = plan.traffic.requests_per_month, spec.costs.max_per_1000 if spec.costs else None
    today = monthly_costs(option_named(chosen), plan, prices, State.of(plan), from_start=False)
    return Analysis(
        pipeline=spec.pipeline,
        plan=plan,
        uncertainty=planned.uncertainty,
        months=months,
        currency=prices.currency,
        prices=prices,
        chosen=chosen,
        today=today,
        curves=tuple(
            cost_curve(name, plan, prices, grid, uncertainty=planned.uncertainty, seed=seed) for name in planned.options
        ),
        comparison=comparison,
        swings=tuple(swings),
        savings=_savings(chosen, plan, prices, months=months, uncertainty=planned.uncertainty, pulled=pulled),
        assumed=assumed,
        measured=planned.measured,
        recommendation=recommendation(comparison, swings, start, assumed=assumed),
        warning=outdated(prices),
        limit_per_1000=limit,
        gate=judge_cost(
            comparison.simulation.per_1000(chosen),
            limit,
            prices.currency,
            blocks=spec.stage.value == "production",
            draws=draws,
        ),
        shares=_shares(spec.costs, today.money().amount),
    )


def _shares(said: "Section | None", month: float) -> Shares:
    if said is None:
        return Shares(None, None, None)
    return Shares(
        cost_centre=said.cost_centre,
        per_customer=month / said.customers if said.customers else None,
        of_revenue=month / said.revenue_per_month if said.revenue_per_month else None,
    )


def _savings(
    name: str, plan: Plan, prices: Prices, *, months: int, uncertainty: Uncertainty, pulled: Sequence[str]
) -> tuple[Saving, ...]:
    """Return what each lever that is not pulled yet would save, in the middle of all bands."""
    option = option_named(name)

    def total(changed: Plan) -> float:
        state = state_of(changed, uncertainty, Draws.middle(months))
        return monthly_costs(option, changed, prices, state).money().amount

    now = total(plan)
    found = [(lever, now - total(Levers().pull(lever, plan))) for lever in NAMES if lever not in pulled]
    return tuple(
        Saving(lever, saved, saved / now) for lever, saved in sorted(found, key=lambda each: -each[1])
    )  # fmt: skip
