"""What a person reads when a run is over: self-contained pages, made from plain values."""

from stageline.reporting.content import ReportContent
from stageline.reporting.monitor_content import MonitorContent
from stageline.reporting.monitor_page import render_monitor_page
from stageline.reporting.page import render_page
from stageline.reporting.plots import draw_plots
from stageline.reporting.quality_content import QualityContent
from stageline.reporting.quality_page import render_quality_page
from stageline.reporting.stage_card_content import StageCard
from stageline.reporting.stage_card_markdown import readiness_summary, stage_card_markdown
from stageline.reporting.stage_card_page import render_stage_card
from stageline.reporting.stage_card_stamp import card_texts, read_stamp, stamped, text_digest

__all__ = [
    "MonitorContent",
    "QualityContent",
    "ReportContent",
    "StageCard",
    "card_texts",
    "draw_plots",
    "read_stamp",
    "readiness_summary",
    "render_monitor_page",
    "render_page",
    "render_quality_page",
    "render_stage_card",
    "stage_card_markdown",
    "stamped",
    "text_digest",
]
