"""Whether a window's rows are still those that the model was trained for, by effect and not by number of rows."""

import calendar
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from stageline.monitoring.counts import Counts
from stageline.monitoring.discovery import RATE, discoveries_above
from stageline.monitoring.distance import Distance, distance
from stageline.monitoring.movement import movement
from stageline.monitoring.ordinary import excess, ordinary_limit
from stageline.monitoring.profile import WHOLE, ColumnProfile, PartCounts, Profile, Role
from stageline.monitoring.profiling import part_of
from stageline.monitoring.season import beyond_season
from stageline.monitoring.signals import DISTRIBUTION, MISSING, NEW, OUTSIDE, Part, signals
from stageline.monitoring.windows import Window
from stageline.verdicts import Verdict


@dataclass(frozen=True)
class DriftLimits:
    """Up to where a difference is a trifle.

    :param fail_above: Of the distance between the distributions, in the profile's measure.
    :param missing: Of the share of rows without a usable value, 0 to 1.
    :param outside: Of the share of numbers below or above all of the reference.
    :param new: Of the share of categories that the reference never held.
    :param min_n: Rows below which nothing is decided.
    :param rate: Expected share of false findings among all.
    """

    fail_above: float = 0.1
    missing: float = 0.05
    outside: float = 0.01
    new: float = 0.01
    min_n: int = 50
    rate: float = RATE

    def of(self, kind: str) -> float:
        """Return the limit of a kind of signal."""
        return {DISTRIBUTION: self.fail_above, MISSING: self.missing, OUTSIDE: self.outside, NEW: self.new}[kind]


@dataclass(frozen=True)
class Finding:
    """What was found of one signal of one column.

    :param n: Rows of the window that it rests on.
    :param distance: From the reference; none where there is nothing to compare.
    :param limit: Up to where it is a trifle or ordinary.
    :param ordinary: Up to where windows of the reference itself are ordinary; none: not known.
    :param season: The months of the reference that it was compared with; empty: all of it.
    :param weight: How much the column counts; 0: the model cannot use it.
    :param covered: Whether the reference holds all months of the window, or none is asked for.
    :param why: Why nothing is decided, if so.
    :param moved: How it has moved, in words.
    """

    column: str
    role: Role
    kind: str
    measure: str
    verdict: Verdict
    n: int
    distance: Distance | None
    limit: float
    ordinary: float | None = None
    season: tuple[str, ...] = ()
    weight: float = 1.0
    covered: bool = True
    why: str = ""
    moved: str = ""


@dataclass(frozen=True)
class _Compared:
    """A finding before it is decided.

    :param chance: The probability of its distance if the true one were its limit.
    :param excused: Whether it may be the season of months that the reference lacks.
    """

    finding: Finding
    chance: float
    excused: bool


def compare(
    profile: Profile,
    counts: Counts,
    window: Window | None = None,
    limits: DriftLimits | None = None,
    *,
    private: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Compare a window's counts with the reference of the same season.

    A distance above its limit is a finding; it stands if it is shown beyond chance, among all the columns that are
    looked at. One whose bounds hold the limit is inconclusive: few rows end so, many rows never alarm at a trifle.

    :param counts: Of the profile's columns, in one group.
    :param window: When the rows happened; none: they are compared with the whole reference.
    :param private: Columns of which no value is told.
    """
    limits = limits or DriftLimits()
    compared = [
        each
        for name in profile.columns
        for each in _column(profile, name, part_of(counts.columns[name]), window, limits, private=name in private)
    ]
    open_ = [each for each in compared if not each.finding.why]
    chances, weights = [each.chance for each in open_], [each.finding.weight for each in open_]
    stands = discoveries_above(chances, weights, rate=limits.rate)
    decided = {id(each): stand for each, stand in zip(open_, stands, strict=True)}
    return tuple(_decided(each, stands=decided.get(id(each), False)) for each in compared)


def _column(
    profile: Profile, name: str, current: Part, window: Window | None, limits: DriftLimits, *, private: bool
) -> list[_Compared]:
    column = profile.columns[name]
    reference, season, covered = _reference(profile, column, window, limits.min_n)
    found = []
    for signal in signals(column, reference, current, profile.measure):
        n = int(signal.current.sum())
        apart = distance(signal.reference, signal.current, signal.measure, signal.line)
        usual = ordinary_limit(column.ordinary.get(signal.kind, ()), len(profile.columns))
        limit = max(limits.of(signal.kind), usual or 0.0)
        finding = Finding(
            column=name, role=column.role, kind=signal.kind, measure=signal.measure, verdict=Verdict.INCONCLUSIVE,
            n=n, distance=apart, limit=limit, ordinary=usual, season=season, weight=column.weight, covered=covered,
            why=_why(n, int(signal.reference.sum()), limits.min_n, apart),
            moved=movement(signal.kind, column.bins, reference, current, private=private),
        )  # fmt: skip
        chance = 1.0 if apart is None else excess(apart, limit)
        excused = not covered and not (
            apart is not None
            and beyond_season(
                column, signal.kind, current, apart,
                measure=profile.measure, moves=limits.fail_above, least=limits.min_n,
            )
        )  # fmt: skip
        found.append(_Compared(finding, chance, excused))
    return found


def _reference(
    profile: Profile, column: ColumnProfile, window: Window | None, least: int
) -> tuple[Part, tuple[str, ...], bool]:
    """Return the part of the reference that a window is compared with, its months, and whether it has all of them.

    :param least: Rows that make a month: a few hours at its edge do not show its season.
    """
    whole = column.parts[WHOLE]
    if window is None or not profile.first:
        return _sum([whole]), (), True
    held = {name: part for name, part in column.parts.items() if sum(part.bins) + part.nulls + part.odd >= least}
    wanted = [str(month) for month in window.months]
    if any(month not in held for month in wanted):
        return _sum([whole]), (), False
    return _sum([held[month] for month in wanted]), tuple(calendar.month_name[int(month)] for month in wanted), True


def _sum(parts: Sequence[PartCounts]) -> Part:
    bins = parts[0].array()
    for part in parts[1:]:
        bins = bins + part.array()
    return Part(bins, sum(part.nulls for part in parts), sum(part.odd for part in parts))


def _why(n: int, reference: int, least: int, apart: Distance | None) -> str:
    if not reference:
        return "the reference holds no value"
    if n < least or not n:
        return f"n = {n:,} is below min_n = {max(least, 1):,}"
    return "the distance is not finite" if apart is None else ""


def _decided(compared: _Compared, *, stands: bool) -> Finding:
    finding = compared.finding
    if finding.why or finding.distance is None:
        return finding
    if stands:
        if compared.excused:
            return replace(finding, why="the reference holds no such months: it may be the season")
        return replace(finding, verdict=Verdict.FAILED)
    if finding.distance.high <= finding.limit:
        return replace(finding, verdict=Verdict.PASSED)
    return replace(finding, why="the bounds hold the limit")
