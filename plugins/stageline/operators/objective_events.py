"""Where the events of an objective come from: the predictions, their labels, and what the ledger tells of runs."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.monitoring.budgets import Bucket, bucket_start, start_of, unit_of

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.spec.operating import Objective


@dataclass(frozen=True)
class Counted:
    """The events of one objective.

    :param buckets: At most one for each unit of the period.
    :param start: Of what was looked at: a period begins with the first release at the earliest.
    :param note: What else a reader has to know of the count.
    :param more: What else stands in evidence.
    """

    buckets: tuple[Bucket, ...]
    start: datetime
    end: datetime
    note: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evidence(self) -> dict[str, Any]:
        """Return the time that was looked at, and what else is known."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), **self.more}


@dataclass(frozen=True)
class ObjectiveEvents:
    """The events of a pipeline's objectives, up to a moment.

    :param at: The moment, in UTC.
    :param watched: End of the newest window of rows: labels are counted up to it.
    """

    run: "RunContext"
    at: datetime
    watched: datetime

    @classmethod
    def of(cls, run: "RunContext", until: str | None) -> "ObjectiveEvents":
        """Return the events up to a time.

        :param until: ISO 8601; none: what the run stands for.
        :raises DataError: It is no time, or it lies ahead.
        """
        from stageline.monitoring.windows import in_utc
        from stageline.operators.watched_time import end_of_watch

        watched = end_of_watch(run, until)
        if until and watched > datetime.now(UTC):
            raise DataError(f"until is {until!r}, which lies ahead: what is to come cannot be counted")
        # Scoring and its runs are on the clock; rows and their labels have times of their own.
        return cls(run, watched if until else in_utc(run.logical_date or run.run_after), watched)

    @property
    def inputs(self) -> dict[str, Any]:
        """Return how far the stores have come."""
        from stageline.operators.kpi_events import labels_digest

        steps = {step: self.run.ledger.newest(self.run.name, step=step) for step in ("quality", "score")}
        return {
            "at": self.at.isoformat(),
            "predictions": self.run.predictions.version,
            "labels": labels_digest(self.run) if any(each.sli == "kpi" for each in self.run.spec.slo) else "",
            **{step: record.position if record else 0 for step, record in steps.items()},
        }

    def count(self, objective: "Objective") -> Counted:
        """Return the events of an objective in the period that ends now.

        :raises SourceError: The labels cannot be read.
        :raises ArtifactError: The predictions cannot be read.
        """
        ways = {"freshness": self._freshness, "kpi": self._kpi, "quality": self._quality, "latency": self._latency}
        return ways[objective.sli](objective)

    def _freshness(self, objective: "Objective") -> Counted:
        from stageline.serving.first_scored import FirstPredictions, FirstScored

        start, source = self._start(objective), self.run.spec.source
        if objective.max_age is None or source.event_time is None:
            raise DataError("slo: freshness needs max_age and source.event_time")
        asked = FirstScored(
            since=self._released or self.at, start=start, end=self.at, max_age=objective.max_age,
            unit=unit_of(objective.period),
        )  # fmt: skip
        first = FirstPredictions(self.run.predictions, source.event_time)
        return self._bucketed(first.count(asked), objective, start)

    def _kpi(self, objective: "Objective") -> Counted:
        from stageline.operators.kpi_events import KpiEvents

        # Not on the clock: a prediction counts when its true value was due.
        start, events = start_of(objective.period, self.watched), KpiEvents(self.run, objective)
        found = _bucketed(events.between(start, self.watched), objective, start, self.watched)
        missing = events.scored - events.labelled
        note = f"{missing:,} of {events.scored:,} predictions have no true value yet" if missing else ""
        return replace(found, note=note, more={"scored": events.scored, "labelled": events.labelled})

    def _quality(self, objective: "Objective") -> Counted:
        from stageline.operators.run_events import quality_events

        start = self._start(objective)
        counted, assumed = quality_events(self.run.ledger, self.run.name, start, self.at)
        note = ""
        if assumed.runs:
            runs = f"{assumed.runs:,} run{'' if assumed.runs == 1 else 's'}"
            note = (
                f"{runs} stopped before counting stand{'s' if assumed.runs == 1 else ''} for {assumed.rows:,} of them"
            )
        more = {"assumed": {"runs": assumed.runs, "rows": assumed.rows}}
        return replace(self._bucketed(counted, objective, start), note=note, more=more)

    def _latency(self, objective: "Objective") -> Counted:
        from stageline.operators.run_events import latency_events

        start = self._start(objective)
        if objective.max_latency_ms is None:
            raise DataError("slo: latency needs max_latency_ms")
        counted: Iterable[tuple[datetime, int, int]]
        if self.run.predictions.served:
            from stageline.serving.http.served_latency import served_latency

            unit = unit_of(objective.period)
            counted = served_latency(
                self.run.predictions.folder, start, self.at, max_ms=objective.max_latency_ms, unit=unit
            )
        else:
            counted = latency_events(self.run.ledger, self.run.name, start, self.at, max_ms=objective.max_latency_ms)
        return self._bucketed(counted, objective, start)

    def _bucketed(
        self, counted: Iterable[tuple[datetime, int, int]], objective: "Objective", start: datetime
    ) -> Counted:
        return _bucketed(counted, objective, start, self.at)

    def _start(self, objective: "Objective") -> datetime:
        """Return the period's start: nothing was served before the first release."""
        return min(max(start_of(objective.period, self.at), self._released or self.at), self.at)

    @cached_property
    def _released(self) -> datetime | None:
        from stageline.operators.period_records import first_release

        return first_release(self.run.ledger, self.run.name)


def _bucketed(
    counted: Iterable[tuple[datetime, int, int]], objective: "Objective", start: datetime, end: datetime
) -> Counted:
    """Return events as buckets of the period, however many moments they come from."""
    good: Counter[datetime] = Counter()
    total: Counter[datetime] = Counter()
    for at, good_ones, all_ones in counted:
        place = bucket_start(at, objective.period, end)
        good[place] += good_ones
        total[place] += all_ones
    return Counted(tuple(Bucket(at, good[at], total[at]) for at in sorted(total)), start, end)
