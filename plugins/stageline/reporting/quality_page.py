"""The data-quality page: what was checked, what was found, and how the data moved; from the record only."""

from collections.abc import Sequence

from stageline.reporting.ordering import tally
from stageline.reporting.quality_content import QualityContent
from stageline.reporting.quality_findings import sentence_of
from stageline.reporting.quality_groups import group
from stageline.reporting.quality_trend import ROWS, trend_lines
from stageline.reporting.templating import render
from stageline.verdicts import Check, Mode


def render_quality_page(content: QualityContent) -> str:
    """Return the page as HTML: the same content gives the same characters.

    It runs no script and loads nothing. Whatever names and values hold is shown as text, cut to a bounded
    length; of private columns no value is shown.
    """
    report = content.report
    lines = trend_lines(content.trend, content.private)
    return render(
        "quality_page.html.j2",
        content=content,
        evidence=content.evidence,
        sentence=sentence_of(report, content.private),
        report=report,
        went_on=report.mode is Mode.DRY_RUN and not report.verdict.advances,
        softened=report.verdict.advances and _softened(report.checks),
        tally=tally(report.checks),
        groups=group(content),
        trend=[line for line in lines if line.left or line.metric == ROWS],
        steady=[line for line in lines if not line.left and line.metric != ROWS],
    )


def _softened(checks: Sequence[Check]) -> bool:
    """Whether a check's own verdict would stop the run, but its severity does not let it."""
    return any(not check.verdict.advances for check in checks)
