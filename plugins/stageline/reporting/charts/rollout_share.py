"""The canary's share of the traffic over time, as steps, with each look as a mark of what it decided."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from stageline.reporting.charts.panel import RIGHT, TOP, Panel, Unit
from stageline.reporting.charts.paths import coordinate, polyline
from stageline.reporting.formats import SPACE, moment
from stageline.reporting.rollout_content import Action, LookView, RolloutContent

_HEIGHT = 230
MOST_MARKS = 60
_ALL = 100
_LEAST_GAP = 13.0
# Of the span before the end that is drawn after it, so that one sees where the share went.
_AFTER = 0.05
# By what was decided: a path around 0, 0.
MARKS: dict[Action, str] = {
    "hold": "M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z",
    "advance": "M0 -6.5L6 4.5H-6Z",
    "promote": "M0 -7L6 0L0 7L-6 0Z",
    "roll_back": "M-5 -5H5V5H-5Z",
}
WORDS: dict[Action, str] = {
    "hold": "hold", "advance": "next step", "promote": "promoted", "roll_back": "undone",
}  # fmt: skip


def draw_share(content: RolloutContent, width: int) -> str:
    """Return the chart as SVG.

    :param width: In pixels.
    """
    start, end = span_of(content)
    after = end + _AFTER * (end - start) if content.ended else end
    panel = Panel.of((width, _HEIGHT), (start, after), (0.0, 106.0), days=True)
    corners = list(_corners(content, end))
    tail = _tail(content, end, after)
    line = [panel.at(*corner) for corner in corners]
    ground = [(line[-1][0], panel.bottom), (line[0][0], panel.bottom)]
    return panel.svg([
        *panel.grid(_levels(content, panel), Unit(suffix=f"{SPACE}%")),
        *panel.foot(),
        f'<path class="share-area" d="{polyline([*line, *ground])}Z"/>',
        f'<path class="share-end {content.state}" d="{polyline(panel.at(*each) for each in tail)}"/>',
        f'<path class="share" d="{polyline(line)}"/>',
        *(_now(panel) if not content.ended else ()),
        *(_mark(panel, look) for look in shown_looks(content.looks)),
    ])  # fmt: skip


def span_of(content: RolloutContent) -> tuple[datetime, datetime]:
    """Return from when until when the rollout was, as far as it is known; never of no length."""
    end = max(content.ended or content.as_of, content.shares[-1].at, content.began)
    return content.began, max(end, content.began + timedelta(seconds=1))


def shown_looks(looks: Sequence[LookView]) -> list[LookView]:
    """Return the looks that have a mark: of very many, each that decided something, and some of the others."""
    every = -(-len(looks) // MOST_MARKS)
    return [look for place, look in enumerate(looks) if look.action != "hold" or place % max(every, 1) == 0]


def _corners(content: RolloutContent, end: datetime) -> Iterator[tuple[datetime, float]]:
    for share, following in pairwise(content.shares):
        yield share.at, share.percent
        yield following.at, share.percent
    yield content.shares[-1].at, content.shares[-1].percent
    yield end, content.shares[-1].percent


def _tail(content: RolloutContent, end: datetime, after: datetime) -> list[tuple[datetime, float]]:
    """Return where the share went at the end: to all, or to none."""
    if not content.ended:
        return []
    to = float(_ALL if content.state in ("promoted", "taken_back") else 0)
    return [(end, content.shares[-1].percent), (end, to), (after, to)]


def _levels(content: RolloutContent, panel: Panel) -> list[float]:
    """Return the shares that have a line: the plan's, as far as their names cover no other."""
    named: list[float] = [0.0, 100.0]
    for percent in [*(share.percent for share in content.shares), *content.planned]:
        y = panel.numbers.place(percent)
        if all(abs(y - panel.numbers.place(other)) >= _LEAST_GAP for other in named):
            named.append(float(percent))
    return sorted(named)


def _now(panel: Panel) -> Iterator[str]:
    x = coordinate(panel.width - RIGHT)
    yield f'<path class="now" d="M{x} {coordinate(TOP)}V{coordinate(panel.bottom)}"/>'


def _mark(panel: Panel, look: LookView) -> str:
    x, y = map(coordinate, panel.at(look.at, look.percent))
    told = f"look {look.number}, {moment(look.at)}, {look.percent}{SPACE}%: {WORDS[look.action]}"
    place = f'class="mark {look.action}" transform="translate({x} {y})"'
    return f'<path {place} d="{MARKS[look.action]}"><title>{told}</title></path>'
