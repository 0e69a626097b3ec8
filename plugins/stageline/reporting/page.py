"""The report page: one HTML file without scripts and without a single outside address."""

from stageline.reporting.charts import (
    draw_importance,
    draw_kpi,
    draw_reliability,
    draw_scatter,
    draw_timeline,
)
from stageline.reporting.charts.importance import strongest
from stageline.reporting.charts.timeline import ends
from stageline.reporting.confusion import confusion_table
from stageline.reporting.content import ReportContent
from stageline.reporting.ordering import tally, urgency
from stageline.reporting.templating import render

# Each wide chart is drawn twice, for a screen and for a phone; the style sheet shows one of them.
WIDE = 1000
COLUMN = 540
NARROW = 350


def render_page(content: ReportContent) -> str:
    """Return the page as HTML: the same content gives the same characters.

    Whatever names and values hold is shown as text, cut to a bounded length.
    """
    importance = strongest(content.importance)
    return render(
        "page.html.j2",
        content=content,
        charts=_charts(content),
        confusion=confusion_table(content.confusion) if content.confusion else None,
        features_left_out=len(content.importance) - len(importance),
        quality=sorted(content.quality, key=urgency),
        quality_tally=[f"{count} {verdict}" for verdict, count in tally(content.quality)],
        timeline_ends=ends(content.timeline),
    )


def _charts(content: ReportContent) -> dict[str, list[tuple[str, str]]]:
    """Draw what the content has values for: chart name to pairs of a CSS class and an SVG."""
    timeline, target, metric = content.timeline, content.target, content.kpi.metric
    drawn = {
        "kpi": [("wide", draw_kpi(content.kpi, COLUMN)), ("narrow", draw_kpi(content.kpi, NARROW))],
        "timeline": [
            ("wide", draw_timeline(timeline, WIDE, target)),
            ("narrow", draw_timeline(timeline, NARROW, target)),
        ],
        "importance": [
            ("wide", draw_importance(content.importance, 760, metric)),
            ("narrow", draw_importance(content.importance, NARROW, metric)),
        ],
        "scatter": [("both", draw_scatter(content.scatter, target))],
        "reliability": [("both", draw_reliability(content.reliability))],
    }
    return {name: [(kind, svg) for kind, svg in pictures if svg is not None] for name, pictures in drawn.items()}
