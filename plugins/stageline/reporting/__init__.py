"""What a person reads when a run is over: self-contained pages, made from plain values."""

from stageline.reporting.content import ReportContent
from stageline.reporting.monitor_content import MonitorContent
from stageline.reporting.monitor_page import render_monitor_page
from stageline.reporting.page import render_page
from stageline.reporting.plots import draw_plots
from stageline.reporting.quality_content import QualityContent
from stageline.reporting.quality_page import render_quality_page

__all__ = [
    "MonitorContent",
    "QualityContent",
    "ReportContent",
    "draw_plots",
    "render_monitor_page",
    "render_page",
    "render_quality_page",
]
