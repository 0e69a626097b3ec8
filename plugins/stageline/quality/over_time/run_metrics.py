"""What one run measured of its table, read from the evidence it left on record."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from stageline.quality.wording import as_name


class Kind(StrEnum):
    """What is measured."""

    ROWS = "rows"
    NULL_SHARE = "null share"
    MEAN = "mean"


@dataclass(frozen=True)
class Metric:
    """One number that every run has: of the table, or of one of its columns.

    :param column: Empty for the table's own.
    """

    kind: Kind
    column: str = ""

    @property
    def label(self) -> str:
        """How people read it, e.g. `rows` or `hum: null share`."""
        return f"{as_name(self.column)}: {self.kind}" if self.kind is not Kind.ROWS else str(self.kind)


@dataclass(frozen=True)
class Reading:
    """A metric's value in one run.

    :param value: Rows, a share from 0 to 1, or a mean in the column's own unit.
    :param count: Number of values it rests on.
    :param least: The column's least value in this run; none if not known, or if the metric is no mean.
    :param most: Its greatest value.
    """

    value: float
    count: int
    least: float | None = None
    most: float | None = None

    @property
    def span(self) -> float:
        """How far the column's values lie apart; 0 if not known."""
        return self.most - self.least if self.least is not None and self.most is not None else 0.0

    @property
    def varies(self) -> bool:
        """Whether the column's values are not all the same, as far as known."""
        return self.least is None or self.least != self.most

    @property
    def is_never_negative(self) -> bool:
        """Whether none of the column's values is negative, as far as known."""
        return self.least is not None and self.least >= 0


@dataclass(frozen=True)
class RunMetrics:
    """What one run measured.

    :param at: When the run looked at the data; without a time zone it counts as UTC. Hour and weekday, by which
        runs are compared, are those of this time as it is given.
    :param columns: Facts of each column, as the evidence has them: `count`, `nulls`, `min`, `max`, `mean`.
    :param run_id: The DAG run; of several looks in one run only the newest counts. Empty: a run of its own.
    :param source: Digest of the data; runs in a row over the same data count once. Empty: not known.
    """

    at: datetime
    rows: int
    columns: Mapping[str, Mapping[str, Any]]
    run_id: str = ""
    source: str = ""

    @classmethod
    def from_evidence(cls, at: datetime, evidence: Mapping[str, Any], *, run_id: str = "") -> Self | None:
        """Return what a run measured, or None where it left no numbers, e.g. because its source was refused.

        :param evidence: The report's evidence, or the whole report as it stands in the ledger.
        """
        inner = evidence.get("evidence") if "checks" in evidence else evidence
        if not isinstance(inner, Mapping):
            return None
        rows = _whole(inner.get("rows"))
        if rows is None:
            return None
        statistics, source = inner.get("statistics"), inner.get("source")
        digest = source.get("digest") if isinstance(source, Mapping) else None
        return cls(
            at=at,
            rows=rows,
            columns=statistics if isinstance(statistics, Mapping) else {},
            run_id=run_id,
            source=digest if isinstance(digest, str) else "",
        )

    @property
    def moment(self) -> datetime:
        """The run's time, with a time zone."""
        return self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC)

    @cached_property
    def readings(self) -> Mapping[Metric, Reading]:
        """Every metric that this run has, the rows first; what is not known is left out."""
        found = {Metric(Kind.ROWS): Reading(float(self.rows), self.rows)}
        for column, facts in self.columns.items():
            if not isinstance(facts, Mapping):
                continue
            count, nulls = _whole(facts.get("count")), _whole(facts.get("nulls"))
            if count is None or nulls is None:
                continue
            if count + nulls:
                found[Metric(Kind.NULL_SHARE, column)] = Reading(nulls / (count + nulls), count + nulls)
            mean = _number(facts.get("mean"))
            if mean is not None and count:
                found[Metric(Kind.MEAN, column)] = Reading(
                    mean, count, _number(facts.get("min")), _number(facts.get("max"))
                )
        return found


def earlier_runs(now: RunMetrics, history: Sequence[RunMetrics]) -> list[RunMetrics]:
    """Return the runs that a run is compared with, oldest first.

    Left out are later runs, older looks of the same DAG run, and looks at data that an earlier run had already
    seen: reading one file ten times says nothing about how the next file may differ.

    :param history: Runs in any order; of two with the same time the one given first is the newer, as the ledger
        gives its records.
    """
    by_time = sorted((run for run in reversed(history) if run.moment <= now.moment), key=lambda run: run.moment)
    newest: dict[object, RunMetrics] = {}
    for index, run in enumerate(by_time):
        key: object = run.run_id or index
        newest.pop(key, None)
        newest[key] = run
    newest.pop(now.run_id, None)
    runs: list[RunMetrics] = []
    for run in newest.values():
        if not (runs and run.source and run.source == runs[-1].source):
            runs.append(run)
    if runs and now.source and runs[-1].source == now.source:
        runs.pop()
    return runs


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _number(value: Any) -> float | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
