"""What earlier runs left on record of a table, and what it says about the present one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from stageline.verdicts import Report

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext
    from stageline.quality.columns import Histogram
    from stageline.quality.over_time import RunMetrics
    from stageline.quality.over_time.trend import TrendPoint
    from stageline.spec.operating import Persist

# Four weeks of daily runs, or eight days of hourly ones, with room; more would cost seconds to read.
_RUNS = 200
_LOOKED_AT = "looked_at"


@dataclass(frozen=True)
class QualityHistory:
    """The earlier runs of a pipeline or table, newest first.

    :param run_id: The present run's.
    :param at: When the present run was to start.
    """

    run_id: str
    at: datetime
    records: "tuple[Record, ...]"

    @classmethod
    def of(cls, run: "RunContext") -> Self:
        """Return what the ledger holds about the runs before this one."""
        records = run.ledger.records(run.name, step="quality", limit=_RUNS)
        return cls(run.run_id, run.run_after, tuple(record for record in records if _is_before(record, run)))

    @property
    def reference(self) -> "Record | None":
        """The newest run that went forward and left statistics: what the present one is laid beside."""
        return next((record for record in self.records if record.verdict.advances and _evidence(record)), None)

    @property
    def histograms(self) -> "dict[str, Histogram]":
        """The reference's histograms, whose bins the present run takes over."""
        from stageline.quality.evidence import histograms_of

        return histograms_of(_evidence(self.reference)) if self.reference else {}

    def judge(self, report: Report, persist: "Persist | None") -> Report:
        """Return the report with what the runs before say about it.

        :param persist: In how many of the last runs a warning has to come back to count as a failure.
        """
        from stageline.persistence import EarlierRun, check_persistence
        from stageline.quality.over_time import check_bands, quality_persistence

        evidence = {**report.evidence, _LOOKED_AT: self.at.isoformat()}
        checks = (*report.checks, *check_bands(self._metrics(evidence), self._metrics_before()))
        if persist:
            earlier = [EarlierRun(_moment(record), record.run_id, _checks(record)) for record in self.records]
            checks += tuple(
                check_persistence(checks, earlier, quality_persistence(persist.k, persist.n), run_id=self.run_id)
            )
        return Report(step=report.step, checks=checks, evidence=evidence, mode=report.mode)

    def trend(self, report: Report) -> "dict[str, list[TrendPoint]]":
        """Return the last runs' metrics with their bands; nothing for a report that counted no rows."""
        from stageline.quality.over_time import RunMetrics, trend_of

        now = RunMetrics.from_evidence(self.at, report.evidence, run_id=self.run_id)
        return trend_of(self._metrics_before(), now) if now else {}

    def _metrics(self, evidence: Mapping[str, Any]) -> "RunMetrics":
        from stageline.quality.over_time import RunMetrics

        now = RunMetrics.from_evidence(self.at, evidence, run_id=self.run_id)
        if now is None:
            raise ValueError("a report that counted no rows has no metrics")
        return now

    def _metrics_before(self) -> "list[RunMetrics]":
        from stageline.quality.over_time import RunMetrics

        found = (
            RunMetrics.from_evidence(_moment(record), record.evidence, run_id=record.run_id) for record in self.records
        )
        return [metrics for metrics in found if metrics is not None]


def _is_before(record: "Record", run: "RunContext") -> bool:
    if (record.dag_id, record.run_id) == (run.dag_id, run.run_id):
        return False
    # Without a spec, several tables of a DAG may share its name.
    is_same = run.loaded is not None or (record.task_id, record.map_index) == (run.task_id, run.map_index)
    # An old run that is cleared knows nothing of the runs after it.
    return is_same and _moment(record) <= run.run_after


def _evidence(record: "Record") -> Mapping[str, Any]:
    return record.evidence.get("evidence") or {}


def _checks(record: "Record") -> list[Mapping[str, Any]]:
    return list(record.evidence.get("checks") or ())


def _moment(record: "Record") -> datetime:
    looked_at = _evidence(record).get(_LOOKED_AT)
    return datetime.fromisoformat(looked_at) if looked_at else record.recorded_at
