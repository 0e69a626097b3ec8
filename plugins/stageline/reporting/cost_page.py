"""The page about costs: what to do, what it rests on, and what would change it; from values only."""

from stageline.reporting.charts.cost_bars import draw_forecast, draw_tornado
from stageline.reporting.charts.cost_curve import draw_cost_curve, draw_marginal
from stageline.reporting.cost_content import CostContent
from stageline.reporting.page import COLUMN, NARROW, WIDE
from stageline.reporting.templating import render
from stageline.verdicts import Verdict


def render_cost_page(content: CostContent) -> str:
    """Return the page as HTML: the same content gives the same characters.

    It runs no script and loads nothing. Whatever names and values hold is shown as text, cut to a bounded length.
    """
    return render(
        "cost_page.html.j2",
        content=content,
        charts=_charts(content),
        tone=content.gate.effect or content.gate.verdict if content.gate else Verdict.INCONCLUSIVE,
        fitting=[one for one in content.options if not one.misfit],
        misfits=[one for one in content.options if one.misfit],
        known=sum(month.actual is not None for month in content.forecast),
        inside=sum(
            month.actual is not None and month.forecast.low <= month.actual <= month.forecast.high
            for month in content.forecast
        ),
    )


def _charts(content: CostContent) -> dict[str, list[tuple[str, str]]]:
    """Draw what the content has values for, for a screen and for a phone; the style sheet shows one of them."""
    currency, middle = content.currency, _middle(content)
    wide, columns = (("wide", WIDE), ("narrow", NARROW)), (("wide", COLUMN), ("narrow", NARROW))
    drawn = {
        "curve": [
            (kind, draw_cost_curve(content.curves, content.break_evens, content.requests_per_month, currency, width))
            for kind, width in wide
        ],
        "marginal": [(kind, draw_marginal(content.curve, content.turn, currency, width)) for kind, width in columns],
        "tornado": [(kind, draw_tornado(content.swings, middle, currency, width)) for kind, width in columns],
        "forecast": [(kind, draw_forecast(content.forecast, currency, width)) for kind, width in wide],
    }
    return {name: [(kind, svg) for kind, svg in pictures if svg is not None] for name, pictures in drawn.items()}


def _middle(content: CostContent) -> float:
    """Return the total in the middle of all bands: each factor's ends lie on either side of it."""
    if not content.swings:
        return content.total.mean
    last = content.swings[-1]
    return (last.at_low + last.at_high) / 2 if last.at_low != last.at_high else last.at_low
