"""What metered work came to: by run, by month, by what it was for; and whether a run cost more than its like do."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stageline.costs.metering import cost_of
from stageline.costs.prices import Prices

BUILD, IMPROVE, SERVE, MAINTAIN = "build", "improve", "serve", "maintain"
PURPOSES = (BUILD, IMPROVE, SERVE, MAINTAIN)
_MAKES = frozenset({"quality", "features", "train", "evaluate", "profile", "validate", "report"})
_SERVES = frozenset({"score"})
# A run is unusual from so many times the median of so many earlier runs of its DAG on, if by so much money at least.
LEAST_RUNS, MOST_RUNS, TIMES, LEAST_EXCESS = 5, 20, 5.0, 0.01


@dataclass(frozen=True)
class Work:
    """One piece of metered work.

    :param at: When it was recorded.
    :param step: Of the pipeline.
    :param released: Whether a model was released before it: what makes models then improves, and builds no more.
    :param took: As `Meter.evidence` has it.
    """

    at: datetime
    dag_id: str
    run_id: str
    step: str
    released: bool
    took: Mapping[str, float | int]

    @property
    def purpose(self) -> str:
        """What it was for: one of `PURPOSES`."""
        if self.step in _SERVES:
            return SERVE
        if self.step in _MAKES:
            return IMPROVE if self.released else BUILD
        return MAINTAIN

    @property
    def month(self) -> str:
        """The calendar month in UTC, e.g. `2026-11`."""
        return f"{self.at.astimezone(UTC):%Y-%m}"


@dataclass(frozen=True)
class Spent:
    """What pieces of work cost together, in the currency of the prices.

    :param parts: By what was used: compute, storage, annotation.
    :param purposes: By what it was for.
    :param predictions: Made by what serves.
    :param pieces: How many they are.
    """

    parts: Mapping[str, float]
    purposes: Mapping[str, float]
    predictions: int
    pieces: int

    @property
    def total(self) -> float:
        """All parts."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class RunSpent:
    """What a DAG run cost.

    :param at: When its last step was recorded.
    """

    dag_id: str
    run_id: str
    at: datetime
    spent: Spent


def spent(works: Iterable[Work], prices: Prices) -> Spent:
    """Return what pieces of work cost together; each is priced by itself, since each had memory of its own."""
    parts: dict[str, float] = {}
    purposes = dict.fromkeys(PURPOSES, 0.0)
    predictions = pieces = 0
    for work in works:
        for part, money in cost_of(work.took, prices).items():
            parts[part] = parts.get(part, 0.0) + money.amount
            purposes[work.purpose] += money.amount
        predictions += int(work.took["predictions"]) if work.purpose == SERVE else 0
        pieces += 1
    return Spent(parts, purposes, predictions, pieces)


def by_month(works: Iterable[Work], prices: Prices) -> dict[str, Spent]:
    """Return what each calendar month cost, the earliest first."""
    grouped: dict[str, list[Work]] = {}
    for work in works:
        grouped.setdefault(work.month, []).append(work)
    return {month: spent(grouped[month], prices) for month in sorted(grouped)}


def by_run(works: Iterable[Work], prices: Prices) -> list[RunSpent]:
    """Return what each DAG run cost, the newest first; work that belongs to none is left out."""
    grouped: dict[tuple[str, str], list[Work]] = {}
    for work in works:
        if work.dag_id:
            grouped.setdefault((work.dag_id, work.run_id), []).append(work)
    runs = [RunSpent(*key, max(each.at for each in found), spent(found, prices)) for key, found in grouped.items()]
    return sorted(runs, key=lambda run: run.at, reverse=True)


@dataclass(frozen=True)
class Usual:
    """A run beside the earlier ones of its DAG.

    :param median: Of their cost; none: there are too few.
    :param earlier: How many they are.
    """

    run: RunSpent
    median: float | None
    earlier: int

    @property
    def unusual(self) -> bool:
        """Whether it cost several times what they did."""
        if self.median is None:
            return False
        cost = self.run.spent.total
        return cost > TIMES * self.median and cost - self.median >= LEAST_EXCESS


def dearest_by_dag(runs: Sequence[RunSpent], since: datetime | None) -> list[Usual]:
    """Return of each DAG the run that cost most since a time, or its newest, beside up to twenty before that.

    :param runs: The newest first.
    :param since: Runs that ended after it are looked at; none: the newest of each DAG.
    """
    found = []
    for dag_id in sorted({run.dag_id for run in runs}):
        own = [run for run in runs if run.dag_id == dag_id]
        fresh = max(sum(since is not None and run.at > since for run in own), 1)
        before = [run.spent.total for run in own[fresh : fresh + MOST_RUNS]]
        dearest = max(own[:fresh], key=lambda run: run.spent.total)
        median = statistics.median(before) if len(before) >= LEAST_RUNS else None
        found.append(Usual(dearest, median, len(before)))
    return found
