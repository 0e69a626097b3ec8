"""From a quality report and what the ledger holds to what the report page shows."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from pydantic import ValidationError

from stageline.operators.quality_history import QualityHistory
from stageline.reporting import QualityContent
from stageline.reporting.quality_content import QualityEvidence, QuarantinedRow, ReferenceView, TrendPoint
from stageline.verdicts import Report

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_SHOWN_ROWS = 20
_MASKED = "private"


def quality_content(run: "RunContext", report: Report, private: Collection[str]) -> QualityContent:
    """Return the page's content for a recorded report.

    :param private: Columns of which no value is shown.
    """
    report = _presentable(report)
    history = QualityHistory.of(run)
    reference = history.reference
    source = report.evidence.get("source") or {}
    return QualityContent(
        name=run.name,
        run_id=run.run_id,
        created_at=run.run_after,
        source_uri=source.get("uri", ""),
        source_digest=source.get("digest"),
        report=report,
        reference=ReferenceView(
            run_id=reference.run_id,
            time=reference.recorded_at,
            statistics=(reference.evidence.get("evidence") or {}).get("statistics") or {},
        )
        if reference
        else None,
        quarantined_rows=_rows(run, report, private),
        trend={
            metric: tuple(
                TrendPoint(at=at, value=value, low=low, high=high, verdict=verdict)
                for at, value, low, high, verdict in points
            )
            for metric, points in history.trend(report).items()
        },
        private=frozenset(private),
    )


def _presentable(report: Report) -> Report:
    """Return the report, without evidence that a check of the user's own gave another shape."""
    try:
        QualityEvidence.model_validate(report.evidence)
    except ValidationError:
        return report.model_copy(update={"evidence": {}})
    return report


def _rows(run: "RunContext", report: Report, private: Collection[str]) -> tuple[QuarantinedRow, ...]:
    kept = report.evidence.get("quarantine") or {}
    if kept.get("version") is None:
        return ()
    table = run.quarantine.read(kept["version"], dag_run=run.run_id, digest=kept["digest"])
    return tuple(
        QuarantinedRow(
            id=row["id"],
            row=row["position"],
            line=row["line"],
            expectations=tuple(row["expectations"] or row["codes"]),
            reasons=tuple(row["reasons"]),
            # A line that is no row may hold a private value anywhere.
            values={"": _MASKED}
            if row["line"] is not None and private
            else {column: _MASKED if column in private else value for column, value in row["values"]},
        )
        for row in table.slice(0, _SHOWN_ROWS).to_pylist()
    )
