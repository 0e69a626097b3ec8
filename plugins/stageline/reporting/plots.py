"""The page's charts as files of their own, for whoever looks at a run without opening the page."""

from stageline.reporting.charts import draw_importance, draw_kpi, draw_reliability, draw_scatter, draw_timeline
from stageline.reporting.content import ReportContent

_WIDTH = 900


def draw_plots(content: ReportContent) -> dict[str, str]:
    """Return SVG texts by file name; a chart without values is left out."""
    drawn = {
        "kpi.svg": draw_kpi(content.kpi, _WIDTH),
        "timeline.svg": draw_timeline(content.timeline, _WIDTH, content.target),
        "scatter.svg": draw_scatter(content.scatter, content.target),
        "reliability.svg": draw_reliability(content.reliability),
        "importance.svg": draw_importance(content.importance, _WIDTH, content.kpi.metric),
    }
    return {name: svg for name, svg in drawn.items() if svg is not None}
