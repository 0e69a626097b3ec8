"""From an altair chart to an SVG string that is the same every time and fetches nothing."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

# The page's style sheet finds these very values in the SVG and changes them for a dark screen.
INK = "#1c2330"
MUTED = "#5c6675"
GRID = "#e4e7ec"
MODEL = "#2257c9"
LINEAR = "#8b6f2f"
DUMMY = "#8d96a5"
GOAL = "#1e7b4c"

# Helvetica's widths are known to the renderer everywhere, so that text is laid out as it will be seen.
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"

_LARGEST = 1e15
_SUFFIX_FROM = 1e5
_POWER_BELOW = 1e-3


def drawable(*values: float | None) -> bool:
    """Whether all values are numbers that a scale can hold."""
    return all(value is not None and math.isfinite(value) and abs(value) < _LARGEST for value in values)


def padded(values: list[float], share: float = 0.08) -> tuple[float, float]:
    """Return the ends of a scale that holds all values with some room on both sides."""
    low, high = min(values), max(values)
    room = (high - low) * share or max(abs(high) * share, 0.5)
    return low - room, high + room


def tick_format(low: float, high: float) -> str:
    """Return the d3 format of an axis: suffixes where numbers are large, powers where tiny."""
    size = max(abs(low), abs(high))
    if size >= _SUFFIX_FROM:
        return "~s"
    return "~e" if 0 < size < _POWER_BELOW else ",~f"


def to_svg(build: Callable[[], "alt.LayerChart"]) -> str:
    """Build a chart and return it as SVG text.

    :param build: Makes the chart; called with altair's own theme off, whatever the process has enabled.
    """
    import altair as alt
    import vl_convert

    with alt.theme.enable("none"):
        spec = build().to_dict()
    spec["config"] = _CONFIG
    svg: str = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    return svg


_CONFIG: dict[str, Any] = {
    "background": None,
    # The page names each chart once; a label per point would say the same hundreds of times.
    "aria": False,
    "font": FONT,
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": MUTED,
        "labelFontSize": 12,
        "labelPadding": 6,
        "labelOverlap": "greedy",
        "labelSeparation": 6,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelLimit": 0,
        "titleLimit": 0,
        "gridColor": GRID,
        "domain": False,
        "ticks": False,
    },
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": 200,
        "symbolType": "stroke",
        "symbolSize": 260,
        "columnPadding": 16,
        "offset": 8,
    },
}
