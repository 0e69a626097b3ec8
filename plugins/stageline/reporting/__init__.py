"""What a person reads when a run is over: self-contained pages, made from plain values."""

from stageline.reporting.content import ReportContent
from stageline.reporting.page import render_page
from stageline.reporting.plots import draw_plots
from stageline.reporting.quality_content import QualityContent
from stageline.reporting.quality_page import render_quality_page

__all__ = ["QualityContent", "ReportContent", "draw_plots", "render_page", "render_quality_page"]
