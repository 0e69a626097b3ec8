"""One sentence: what to do, what it costs, what it assumes, and what would overturn it."""

from collections.abc import Sequence

from stageline.costs.compare import Comparison
from stageline.costs.options import option_named
from stageline.costs.tornado import Swing


def recommendation(
    comparison: Comparison, swings: Sequence[Swing], requests_per_month: float, *, assumed: Sequence[str] = ()
) -> str:
    """Return the recommendation.

    :param swings: Of the cheapest option, the one that matters most first.
    :param requests_per_month: At the start.
    :param assumed: What was not measured, in few words each; the first three are named.
    """
    simulation = comparison.simulation
    fitting = simulation.fitting()
    if not fitting:
        reasons = "; ".join(f"{one.words}: {one.misfit}" for one in simulation.options.values())
        return f"None of the options fits ({reasons}): allow more time, or use a smaller or faster model."
    best, spread = fitting[0], fitting[0].spread
    sure = comparison.cheapest_in[best.name]
    currency = simulation.currency
    over = f"over {simulation.months} months (80 % of the draws: {spread.low:,.0f} to {spread.high:,.0f})"
    parts = [
        (
            f"Use {best.words}: at {requests_per_month:,.0f} requests a month it costs {currency} {spread.mean:,.0f} "
            f"{over} and is the cheapest that fits in {sure:.0%} of them"
        )
    ]
    if len(fitting) > 1:
        second = fitting[1]
        parts.append(f"before {second.words} at {currency} {second.spread.mean:,.0f}")
    if assumed:
        parts.append(f"assuming {', '.join(assumed[:3])}")
    parts.append(f"it would be overturned by {_overturned(comparison, best.name, swings, requests_per_month)}")
    return "; ".join((", ".join(parts[:-1]), parts[-1])) + "."


def _overturned(comparison: Comparison, best: str, swings: Sequence[Swing], load: float) -> str:
    above = next((each for each in comparison.break_evens if each.load > load and each.before == best), None)
    below = next((each for each in reversed(comparison.break_evens) if each.load <= load and each.after == best), None)
    turns = []
    if above:
        why = f" ({above.because})" if above.because else ""
        turns.append(f"more than {_figure(above.load)} requests a month ({option_named(above.after).words}{why})")
    if below:
        turns.append(f"fewer than {_figure(below.load)} ({option_named(below.before).words})")
    if not turns:
        turns.append("no load that was looked at")
    if swings and swings[0].size:
        moved = f"{comparison.simulation.currency} {swings[0].size:,.0f}"
        turns.append(f"most else by the {swings[0].words}, which moves the total by {moved}")
    return ", ".join(turns)


def _figure(load: float) -> str:
    return f"{float(f'{load:.2g}'):,.0f}"
