"""How many rows came through a window, from those that came in to the good predictions; and the window before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.operators.monitor_records import checks_of, evidence_of, window_end
from stageline.reporting import monitor_content as views
from stageline.reporting.formats import length

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext

_EARLIER, _SCORINGS = 400, 50
_KPI_CODE, _KPI_SLI, _SHARE_METRIC = "SL-M013", "kpi", "accuracy_score"


def throughput(
    run: "RunContext",
    records: "Mapping[str, Record]",
    *,
    end: datetime,
    objectives: Sequence[views.ObjectiveView],
    labels: views.LabelsView | None,
    kpi: views.BoundsView | None,
    matured: views.SpanView | None,
) -> views.FunnelView | None:
    """Return what is counted of a window; none where nothing is.

    :param records: Of the run's steps.
    :param end: Of the window.
    :param labels: Of the newest window whose labels are due, and `matured` that window.
    :param kpi: Of the same.
    """
    drift, scoring = evidence_of(records.get("drift")), _scoring(run)
    if not (drift or labels or scoring):
        return None
    batch = evidence_of(scoring).get("rows") or {}
    judged, good, note = _good(run, objectives, kpi)
    before = _before(run, "drift", drift)
    labels_before = _before(run, "performance", evidence_of(records.get("performance"))).get("labels") or {}
    goal = next((check for check in checks_of(records.get("performance")) if check.code == _KPI_CODE), None)
    return views.FunnelView(
        now=views.WindowCounts(
            rows=drift.get("rows"), scored=drift.get("scored"),
            batch_in=batch.get("in"), batch_left_out=batch.get("left_out"),
            predicted=labels.scored if labels else None, labelled=labels.labelled if labels else None,
            judged=judged, good=good,
        ),
        before=views.WindowCounts(
            rows=before.get("rows"), scored=before.get("scored"),
            predicted=labels_before.get("scored"), labelled=labels_before.get("labelled"),
        ),
        batch_note=_batch_note(scoring) if batch and batch.get("in") != drift.get("rows") else "",
        labels_note=f"in the newest window whose labels are due: {matured.start:%Y-%m-%d} to {matured.end:%Y-%m-%d}"
        if labels and matured and matured.end != end
        else "",
        good_note=note, verdict=goal.verdict if goal else None, sentence=goal.message if goal else "",
    )  # fmt: skip


def _good(
    run: "RunContext", objectives: Sequence[views.ObjectiveView], kpi: views.BoundsView | None
) -> tuple[int | None, int | None, str]:
    """Return how many labelled predictions were judged and good, and what good means."""
    found = next((one for one in objectives if one.sli == _KPI_SLI and one.total), None)
    if found is not None and found.good is not None and found.total is not None:
        declared = next((one for one in run.spec.slo if one.sli == _KPI_SLI), None)
        error = declared.max_error if declared else None
        what = "the true class" if error is None else f"an error of at most {error:g}"
        return int(found.total), int(found.good), f"{what}, over the last {length(found.period)}"
    if run.spec.kpi.metric == _SHARE_METRIC and kpi and kpi.value is not None and kpi.n:
        return kpi.n, round(kpi.value * kpi.n), "the true class"
    return None, None, ""


def _scoring(run: "RunContext") -> "Record | None":
    """Return the scoring run that started this run; else the newest one."""
    partitions = {told.get("partition") for told in run.told if told.get("pipeline") == run.name}
    records = run.ledger.records(run.name, step="score", limit=_SCORINGS)
    counted = [record for record in records if evidence_of(record).get("rows")]
    named = [record for record in counted if evidence_of(record).get("partition") in partitions]
    return next(iter(named or counted), None)


def _batch_note(scoring: "Record | None") -> str:
    evidence = evidence_of(scoring)
    batch = evidence.get("rows") or {}
    return f"of all {batch.get('in', 0):,} rows that the scoring run of partition {evidence.get('partition')!r} read"


def _before(run: "RunContext", step: str, now: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the evidence of the window that ends where this one begins; nothing if there is none."""
    start = (now.get("window") or {}).get("start")
    if not start:
        return {}
    begins = datetime.fromisoformat(start)
    records = run.ledger.records(run.name, step=step, limit=_EARLIER)
    return next((evidence_of(record) for record in records if window_end(record) == begins), {})
