"""The report page: one HTML file without scripts and without a single outside address."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

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
from stageline.reporting.details import in_words
from stageline.reporting.formats import money, number, percent, plain, signed
from stageline.reporting.text import PROSE_CHARACTERS, VALUE_CHARACTERS, shown
from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    from jinja2 import Environment

# Each wide chart is drawn twice, for a screen and for a phone; the style sheet shows one of them.
WIDE = 1000
COLUMN = 540
NARROW = 350
_BRIEF_CHARACTERS = 48

# What needs attention comes first.
_ORDER = (Verdict.FAILED, Verdict.ERRORED, Verdict.WARNED, Verdict.INCONCLUSIVE, Verdict.PASSED)
_WEIGHT = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def render_page(content: ReportContent) -> str:
    """Return the page as HTML: the same content gives the same characters.

    Whatever names and values hold is shown as text, cut to a bounded length.
    """
    importance = strongest(content.importance)
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            content=content,
            charts=_charts(content),
            confusion=confusion_table(content.confusion) if content.confusion else None,
            features_left_out=len(content.importance) - len(importance),
            quality=sorted(content.quality, key=_urgency),
            quality_tally=_tally(content.quality),
            timeline_ends=ends(content.timeline),
        )
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


def _urgency(check: Check) -> tuple[int, int]:
    return _ORDER.index(check.verdict), _WEIGHT.index(check.severity)


def _tally(checks: Sequence[Check]) -> list[str]:
    counts = Counter(check.verdict for check in checks)
    return [f"{counts[verdict]} {verdict.value}" for verdict in _ORDER if counts[verdict]]


def _show(value: Any) -> Any:
    """Turn whatever a template prints into bounded text; what is already markup stays as it is."""
    from markupsafe import Markup

    if isinstance(value, Markup):
        return value
    text = plain(value)
    return shown(repr(value) if text is None else text, VALUE_CHARACTERS)


def _prose(text: str, limit: int = PROSE_CHARACTERS) -> Any:
    """Return a sentence that may be longer than a value, escaped; what stands in backticks becomes code."""
    from markupsafe import Markup, escape

    parts = shown(text, limit).split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner is only a character
        return escape("`".join(parts))
    code = Markup("<code>{}</code>")
    return Markup("").join(code.format(part) if index % 2 else part for index, part in enumerate(parts))


def _brief(value: str) -> str:
    """Return the start of a text that the style sheet cuts anyway."""
    return shown(value, _BRIEF_CHARACTERS)


def _breakable(name: str) -> Any:
    """Return a long name, escaped, that may break after its underscores and brackets."""
    from markupsafe import Markup, escape

    escaped = escape(shown(name))
    return escaped.replace("_", Markup("_<wbr>")).replace("(", Markup("(<wbr>"))


def _bar(share: float) -> str:
    """Return a share as a CSS length, from nothing to all."""
    bounded = min(max(share, 0.0), 1.0) if isfinite(share) else 0.0
    return f"{100 * bounded:.1f}%"


def _address(url: str) -> Any:
    """Return a checked link whole: half an address leads nowhere."""
    from markupsafe import escape

    return escape(url)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("stageline", "reporting"),
        autoescape=True,
        finalize=_show,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "address": _address,
        "bar": _bar,
        "breakable": _breakable,
        "brief": _brief,
        "in_words": in_words,
        "percent": percent,
        "prose": _prose,
        "signed": signed,
    }
    environment.tests["finite"] = isfinite
    environment.globals |= {"money": money, "number": number}
    return environment
