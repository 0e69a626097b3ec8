"""Placing releases on the axis of a chart over windows: where each is drawn, and that no name covers another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from stageline.reporting.monitor_content import PerformancePoint, ReleaseMark

MOST_WINDOWS = 120
MOST_MARKS = 24
_LETTER = 6.6
_GAP = 10.0
_ROWS = 3
# Windows follow each other if the next ends within so many lengths of this one.
_NEXT = 1.5


@dataclass(frozen=True)
class PlacedMark:
    """A mark on the axis.

    :param row: Line that its name stands on, 0 at the bottom; none: it has no room for a name.
    """

    at: datetime
    name: str
    rollback: bool
    row: int | None


def stretches(points: Sequence[PerformancePoint]) -> list[list[PerformancePoint]]:
    """Return the unbroken runs of windows with a KPI: one without, or one that is missing, parts them."""
    found: list[list[PerformancePoint]] = []
    last: PerformancePoint | None = None
    for point in points:
        if point.kpi.value is None:
            last = None
            continue
        if last is None or point.end - last.end > _NEXT * (point.end - point.start):
            found.append([])
        found[-1].append(point)
        last = point
    return found


def releases_between(points: Sequence[PerformancePoint], marks: Sequence[ReleaseMark]) -> list[ReleaseMark]:
    """Return the marks that lie on the axis, and one for each change of version that no mark tells.

    Of windows that are judged long after they were, as in a replay, only the change of version tells when.

    :param points: The oldest first.
    """
    if not points:
        return []
    first, last = points[0].start, points[-1].end
    inside = [mark for mark in marks if first <= mark.at <= last + (points[-1].end - points[-1].start)]
    versions = [point for point in points if point.version is not None]
    for earlier, later in pairwise(versions):
        told = any(earlier.start <= mark.at <= later.end and mark.version == later.version for mark in inside)
        if later.version is not None and later.version != earlier.version and not told:
            inside.append(ReleaseMark(at=later.start, version=later.version, kind=_kind(earlier, later)))
    return sorted(inside, key=lambda mark: mark.at)[-MOST_MARKS:]


def place_marks(marks: Sequence[ReleaseMark], start: datetime, end: datetime, width: float) -> list[PlacedMark]:
    """Give each mark's name a line on which it covers no other; a name without room is left out.

    :param width: Of the axis from `start` to `end`, in pixels.
    """
    length = max((end - start) / timedelta(seconds=1), 1.0)
    taken = [-_GAP] * _ROWS
    placed = []
    for mark in marks:
        name = f"back to v{mark.version}" if mark.kind == "rollback" else f"v{mark.version}"
        x, half = (mark.at - start).total_seconds() / length * width, len(name) * _LETTER / 2
        row = next((row for row in range(_ROWS) if x - half >= taken[row] + _GAP), None)
        if row is not None:
            taken[row] = x + half
        placed.append(PlacedMark(mark.at, name, mark.kind == "rollback", row))
    return placed


def _kind(earlier: PerformancePoint, later: PerformancePoint) -> Literal["release", "rollback"]:
    return "rollback" if (later.version or 0) < (earlier.version or 0) else "release"
