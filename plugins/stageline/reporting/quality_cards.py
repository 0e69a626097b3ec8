"""One column on the data-quality page: its findings, its statistics and how its values are spread."""

from dataclasses import dataclass
from datetime import datetime

from stageline.reporting.charts.histogram import Bins, HistogramChart, draw_histogram
from stageline.reporting.charts.shares import Tally, ValueShare, value_shares
from stageline.reporting.formats import NOTHING, moment, number, part
from stageline.reporting.quality_content import ColumnView, HistogramView
from stageline.reporting.quality_findings import Findings

PRIVATE = "private"
_NUMBERS = ("min", "mean", "max")


@dataclass(frozen=True)
class Fact:
    """One statistic, as text, in this run and in the reference."""

    name: str
    now: str
    before: str


@dataclass(frozen=True)
class ColumnCard:
    """What the page shows of one column.

    :param type: Name of its type; empty where nothing is recorded about the column.
    :param chart: Its numbers as a histogram, where it has some.
    :param shares: Its most frequent values, where it has texts.
    :param outside: Numbers of this run that lie beyond the histogram's bins.
    """

    name: str
    findings: Findings
    private: bool
    type: str = ""
    facts: tuple[Fact, ...] = ()
    chart: HistogramChart | None = None
    shares: tuple[ValueShare, ...] = ()
    outside: int = 0


def make_card(
    name: str, findings: Findings, now: ColumnView | None, before: ColumnView | None, *, private: bool
) -> ColumnCard:
    """Return a column's card; of a private column it holds counts, and no value.

    :param now: Statistics of this run, if recorded.
    :param before: Statistics of the reference, if there are any.
    """
    known = now or before
    if known is None:
        return ColumnCard(name, findings, private)
    spread, reference = (None if private or one is None else one.histogram for one in (now, before))
    return ColumnCard(
        name=name,
        findings=findings,
        private=private,
        type=known.type,
        facts=_facts(now, before, private=private),
        chart=draw_histogram(_bins(spread), _bins(reference)) if spread and not spread.values else None,
        shares=tuple(value_shares(_tally(spread), _tally(reference))) if spread and spread.values else (),
        outside=spread.outside if spread and spread.edges else 0,
    )


def _facts(now: ColumnView | None, before: ColumnView | None, *, private: bool) -> tuple[Fact, ...]:
    facts = [Fact("nulls", _nulls(now), _nulls(before))]
    if now and before and now.type != before.type:
        facts.insert(0, Fact("type", now.type, before.type))
    if any(one is not None and one.infinite for one in (now, before)):
        facts.append(Fact("infinite", *(number(one.infinite) if one else NOTHING for one in (now, before))))
    if private:
        return (*facts, *(Fact(name, PRIVATE, PRIVATE if before else NOTHING) for name in _NUMBERS))
    for name in _NUMBERS:
        values = [getattr(one, name) if one else None for one in (now, before)]
        if any(value is not None for value in values):
            facts.append(Fact(name, *map(_figure, values)))
    return tuple(facts)


def _nulls(column: ColumnView | None) -> str:
    return part(column.nulls, column.count + column.nulls) if column else NOTHING


def _figure(value: float | str | None) -> str:
    if not isinstance(value, str):
        return number(value)
    try:
        return moment(datetime.fromisoformat(value))
    except ValueError:
        return value


def _bins(histogram: HistogramView | None) -> Bins | None:
    return (histogram.edges, histogram.counts) if histogram and histogram.edges else None


def _tally(histogram: HistogramView | None) -> Tally | None:
    if histogram is None or histogram.edges:
        return None
    return Tally(dict(zip(histogram.values, histogram.counts, strict=True)), histogram.outside)
