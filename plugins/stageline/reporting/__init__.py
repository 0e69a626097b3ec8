"""What a person reads when a run is over: one self-contained page, made from plain values."""

from stageline.reporting.content import ReportContent
from stageline.reporting.page import render_page

__all__ = ["ReportContent", "render_page"]
