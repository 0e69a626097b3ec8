"""What a person reads when a run is over: one self-contained page, made from plain values."""

from stageline.reporting.content import ReportContent
from stageline.reporting.page import render_page
from stageline.reporting.plots import draw_plots

__all__ = ["ReportContent", "draw_plots", "render_page"]
