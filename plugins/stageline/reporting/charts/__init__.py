"""The page's charts: altair specifications over fixed field names, drawn to static SVG."""

from stageline.reporting.charts.importance import draw_importance
from stageline.reporting.charts.kpi import draw_kpi
from stageline.reporting.charts.reliability import draw_reliability
from stageline.reporting.charts.scatter import draw_scatter
from stageline.reporting.charts.timeline import draw_timeline

__all__ = ["draw_importance", "draw_kpi", "draw_reliability", "draw_scatter", "draw_timeline"]
