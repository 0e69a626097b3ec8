"""The monitoring page: what one window of a released model comes to, from the records only."""

from stageline.reporting.charts.over_time import MOST_WINDOWS
from stageline.reporting.charts.performance import draw_loss, draw_performance
from stageline.reporting.monitor_columns import MOST_QUIET, watched_columns
from stageline.reporting.monitor_content import MonitorContent
from stageline.reporting.monitor_funnel import funnel_stages
from stageline.reporting.monitor_headline import headline
from stageline.reporting.monitor_warnings import early_warnings
from stageline.reporting.ordering import urgency
from stageline.reporting.page import NARROW, WIDE
from stageline.reporting.templating import render
from stageline.verdicts import Verdict


def render_monitor_page(content: MonitorContent) -> str:
    """Return the page as HTML: the same content gives the same characters.

    It runs no script and loads nothing. Whatever names and values hold is shown as text, cut to a bounded length; of
    private columns no value is shown.
    """
    verdict, sentence = headline(content.steps)
    columns = watched_columns(content)
    folded = len(columns.quiet) > MOST_QUIET
    return render(
        "monitor_page.html.j2",
        content=content,
        verdict=verdict,
        sentence=sentence,
        stages=funnel_stages(content.funnel) if content.funnel else [],
        columns=columns,
        quiet=() if folded else columns.quiet,
        folded=columns.quiet if folded else (),
        charts=_charts(content),
        judged=sorted((check for check in content.performance if check.code != "SL-M016"), key=urgency),
        warnings=early_warnings((*content.drift, *content.performance)),
        objectives_checks=sorted(content.objectives_checks, key=urgency),
        gaps=sum(point.kpi.value is None for point in content.history[-MOST_WINDOWS:]),
        recent=[point for point in content.history if point.kpi.value is not None][-1:],
        passed=Verdict.PASSED,
    )


def _charts(content: MonitorContent) -> dict[str, list[tuple[str, str]]]:
    """Draw what the content has values for, for a screen and for a phone; the style sheet shows one of them."""
    if content.goal is None or not content.history:
        return {"performance": [], "loss": []}
    points, marks, goal = content.history, content.marks, content.goal
    # Both charts have the same axis: a loss stands below its KPI.
    guess = content.estimated if content.estimated and content.estimated.value is not None else None
    until = guess.window.end if guess and guess.window and guess.metric == goal.metric else None
    widths = (("wide", WIDE), ("narrow", NARROW))
    drawn = {
        "performance": [
            (kind, draw_performance(points, marks, goal, width, content.estimated)) for kind, width in widths
        ],
        "loss": [(kind, draw_loss(points, marks, goal, width, until)) for kind, width in widths],
    }
    return {name: [(kind, svg) for kind, svg in pictures if svg is not None] for name, pictures in drawn.items()}
