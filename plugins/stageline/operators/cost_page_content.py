"""From an analysis of costs to what its page shows."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from stageline.costs.curve import Curve
from stageline.costs.options import option_named
from stageline.costs.prices import NAMES
from stageline.costs.simulate import Simulated, Spread
from stageline.costs.usage import FIXED
from stageline.reporting import cost_content as views
from stageline.reporting.charts.cost_curve import MOST_LINES

if TYPE_CHECKING:
    from stageline.operators.cost_analysis import Analysis


def cost_page_content(
    analysis: "Analysis", created_at: datetime, *, actual: Sequence[float | None] = ()
) -> views.CostContent:
    """Return the page's content.

    :param actual: What each month cost, from the first on, as far as it is known.
    """
    comparison, simulation = analysis.comparison, analysis.comparison.simulation
    curves = {curve.name: curve for curve in analysis.curves}
    chosen = curves[analysis.chosen]
    turn, building = chosen.turn, comparison.building
    return views.CostContent(
        pipeline=analysis.pipeline, created_at=created_at, currency=analysis.currency, months=analysis.months,
        requests_per_month=analysis.plan.traffic.requests_per_month, recommendation=analysis.recommendation,
        chosen=chosen.words, total=_band(simulation.options[analysis.chosen].spread),
        per_1000=_band(simulation.per_1000(analysis.chosen)), gate=analysis.gate if analysis.gate.effect else None,
        parts=_parts(analysis), cost_centre=analysis.shares.cost_centre, per_customer=analysis.shares.per_customer,
        of_revenue=analysis.shares.of_revenue,
        options=tuple(_option(analysis, one) for one in _ordered(analysis)),
        curve=_curve(analysis, chosen),
        rivals=tuple(_curve(analysis, curves[name]) for name in _rivals(analysis)),
        turn=views.TurnView(**vars(turn)) if turn else None,
        break_evens=tuple(
            views.BreakEvenView(
                load=each.load, before=option_named(each.before).words, after=option_named(each.after).words,
                because=each.because,
            )
            for each in comparison.break_evens
        ),
        building=views.BuildingView(
            probabilities=tuple(zip(building.loads, building.probabilities, strict=True)),
            pays_from=building.pays_from, pays_surely_from=building.pays_surely_from,
        )
        if building
        else None,
        swings=tuple(
            views.SwingView(words=swing.words, at_low=swing.at_low, at_high=swing.at_high) for swing in analysis.swings
        ),
        savings=tuple(
            views.SavingView(lever=each.lever, saved=each.saved, share=each.share) for each in analysis.savings
        ),
        first_month=_band(Spread.of(simulation.options[analysis.chosen].monthly[:, 0])),
        forecast=_forecast(simulation.options[analysis.chosen], actual),
        measured=analysis.measured, assumed=analysis.assumed, prices=_prices(analysis), warning=analysis.warning,
    )  # fmt: skip


def _band(spread: Spread) -> views.BandView:
    return views.BandView(low=spread.low, mean=spread.mean, high=spread.high)


def _parts(analysis: "Analysis") -> tuple[views.PartView, ...]:
    amounts = {name: analysis.today.money(name).amount for name in analysis.today.by_category}
    total = sum(amounts.values())
    return tuple(
        views.PartView(name=name, amount=amount, share=amount / total, fixed=name in FIXED)
        for name, amount in sorted(amounts.items(), key=lambda each: -each[1])
        if amount > 0
    )


def _ordered(analysis: "Analysis") -> list[Simulated]:
    simulation = analysis.comparison.simulation
    fitting = simulation.fitting()
    return [*fitting, *(one for one in simulation.options.values() if one.misfit)]


def _option(analysis: "Analysis", one: Simulated) -> views.OptionView:
    return views.OptionView(
        words=one.words, total=_band(one.spread), per_1000=_band(analysis.comparison.simulation.per_1000(one.name)),
        cheapest_in=analysis.comparison.cheapest_in.get(one.name), misfit=one.misfit or "", late_share=one.late_share,
    )  # fmt: skip


def _rivals(analysis: "Analysis") -> list[str]:
    """Return who is drawn beside the chosen one: whoever is cheapest somewhere, then the next by cost."""
    named = [name for each in analysis.comparison.break_evens for name in (each.before, each.after)]
    named += [one.name for one in analysis.comparison.simulation.fitting()]
    return [name for name in dict.fromkeys(named) if name != analysis.chosen][: MOST_LINES - 1]


def _curve(analysis: "Analysis", curve: Curve) -> views.CurveView:
    option, rows = option_named(curve.name), analysis.plan.traffic.rows_per_request
    return views.CurveView(
        words=curve.words,
        points=tuple(
            views.PointView(
                load=load,
                per_1000=views.BandView(
                    low=total.low * 1_000 / (load * rows), mean=each, high=total.high * 1_000 / (load * rows)
                ),
                marginal=curve.marginal[place - 1] if place else None,
                fits=option.misfit(analysis.plan.at(load)) is None,
            )
            for place, (load, total, each) in enumerate(zip(curve.loads, curve.totals, curve.per_1000, strict=True))
        ),
        dominant=curve.dominant,
    )


def _forecast(one: Simulated, actual: Sequence[float | None]) -> tuple[views.MonthView, ...]:
    """Return the months after the first, which holds what is built once and would dwarf them."""
    known = [*actual, *[None] * one.monthly.shape[1]]
    return tuple(
        views.MonthView(number=month + 1, forecast=_band(Spread.of(one.monthly[:, month])), actual=known[month])
        for month in range(1, one.monthly.shape[1])
    )


def _prices(analysis: "Analysis") -> tuple[str, ...]:
    prices = analysis.prices
    told = []
    for name in NAMES:
        price = prices[name]
        values = " / ".join(f"{value:.8f}".rstrip("0").rstrip(".") for _, _, value in price.steps)
        told.append(f"{name}: {values} {price.unit} ({price.source})")
    until = f", stated to hold until {prices.valid_until}" if prices.valid_until else ""
    return (f"As of {prices.as_of}{until}.", *told)
