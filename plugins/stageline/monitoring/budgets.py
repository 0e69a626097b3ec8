"""Error budgets and the rates at which they burn, as pure functions over counted events.

The arithmetic is that of the Google SRE Workbook, chapter 5, "Alerting on SLOs". It is exact: a target of 0.99 is the
fraction 99/100, so that ten bad events of a thousand are never more than a hundredth of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Literal, NamedTuple

from stageline.spec.operating import Objective

# The shortest window as a part of the period: 5 minutes of 30 days. All others are multiples of it.
UNITS = 8_640
Urgency = Literal["page", "ticket"]


class Bucket(NamedTuple):
    """Events of one stretch of time.

    :param at: When it begins, with a time zone.
    """

    at: datetime
    good: int
    total: int


class Count(NamedTuple):
    """Events of a window."""

    good: int
    total: int

    @property
    def bad(self) -> int:
        """How many were not good."""
        return self.total - self.good


class Pair(NamedTuple):
    """Two windows that both have to burn for an alarm: the long one proves it, the short one says that it goes on.

    :param long: Length in units of the period; with 30 days, one is 5 minutes.
    :param limit: Burn rate from which on it alarms.
    """

    urgency: Urgency
    long: int
    short: int
    limit: Fraction


# Of 30 days: 1 h and 5 min, 6 h and 30 min, 3 d and 6 h. They alarm once 2 %, 5 % and 10 % of the budget are burnt.
PAIRS = (
    Pair("page", 12, 1, Fraction("14.4")),
    Pair("page", 72, 6, Fraction(6)),
    Pair("ticket", 864, 72, Fraction(1)),
)


@dataclass(frozen=True)
class Budget:
    """How much of what may go wrong in a period has gone wrong.

    :param exhausted: Whether more than the allowed share of the period's events are bad; none: too few to say.
    """

    objective: Objective
    count: Count
    exhausted: bool | None

    @property
    def used(self) -> float | None:
        """Share of the budget that is used, above 1 where it is exhausted; none: there are no events."""
        rate = burn_rate(self.count, self.objective.target)
        return None if rate is None else float(rate)


@dataclass(frozen=True)
class Burn:
    """How fast a budget burns over a pair of windows.

    :param alarms: Whether both burn at the limit or above; none: too few events in one of them.
    """

    pair: Pair
    long: Count
    short: Count
    rate_long: float | None
    rate_short: float | None
    alarms: bool | None


def unit_of(period: timedelta) -> timedelta:
    """Return the length of the shortest window of a period."""
    return period / UNITS


def start_of(period: timedelta, end: datetime) -> datetime:
    """Return when the period that ends at a time begins."""
    return end - UNITS * unit_of(period)


def bucket_start(at: datetime, period: timedelta, end: datetime) -> datetime:
    """Return the start of the bucket of an event: one unit long, counted back from the end, so that windows are whole.

    :param at: Before `end`.
    """
    unit = unit_of(period)
    return end - ((end - at - timedelta(microseconds=1)) // unit + 1) * unit


def budget_of(buckets: Iterable[Bucket], objective: Objective, end: datetime) -> Budget:
    """Return the budget of the period that ends at a time.

    :param buckets: Those that begin before the period or at `end` or later do not count.
    """
    count = _count(buckets, start_of(objective.period, end), end)
    rate = burn_rate(count, objective.target)
    few = rate is None or count.total < objective.min_events
    return Budget(objective, count, None if few or rate is None else rate > 1)


def burns_of(
    buckets: Sequence[Bucket], objective: Objective, end: datetime, pairs: Sequence[Pair] = PAIRS
) -> tuple[Burn, ...]:
    """Return the burn rates of the pairs of windows that end at a time."""
    return tuple(_burn(buckets, objective, end, pair) for pair in pairs)


def burn_rate(count: Count, target: float) -> Fraction | None:
    """Return how many times as fast as it lasts a budget burns: (bad / total) / (1 - target); none for 0 / 0."""
    if not count.total:
        return None
    return Fraction(count.bad, count.total) / (1 - Fraction(str(target)))


def _burn(buckets: Sequence[Bucket], objective: Objective, end: datetime, pair: Pair) -> Burn:
    unit = unit_of(objective.period)
    long, short = (_count(buckets, end - units * unit, end) for units in (pair.long, pair.short))
    rates = [burn_rate(count, objective.target) for count in (long, short)]
    known = [rate for rate in rates if rate is not None]
    few = len(known) < len(rates) or min(long.total, short.total) < objective.min_events
    shown = [None if rate is None else float(rate) for rate in rates]
    return Burn(pair, long, short, shown[0], shown[1], None if few else min(known) >= pair.limit)


def _count(buckets: Iterable[Bucket], start: datetime, end: datetime) -> Count:
    inside = [bucket for bucket in buckets if start <= bucket.at < end]
    return Count(sum(bucket.good for bucket in inside), sum(bucket.total for bucket in inside))
