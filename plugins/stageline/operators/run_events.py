"""What the ledger's records of a period tell: rows that came and were delivered, and how long scoring took."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from stageline.operators.period_records import records_between
from stageline.verdicts import Mode

if TYPE_CHECKING:
    from stageline.ledger import Ledger, Record


class RunRows(NamedTuple):
    """The rows of one run of a step.

    :param task: What ran: step, DAG and task.
    :param total: None: the run was stopped before its rows were counted.
    """

    at: datetime
    task: tuple[str, str, str]
    good: int
    total: int | None


class Assumed(NamedTuple):
    """Runs whose rows are not known, and the rows that they stand for."""

    runs: int
    rows: int


def quality_events(
    ledger: "Ledger", pipeline: str, start: datetime, end: datetime
) -> tuple[list[tuple[datetime, int, int]], Assumed]:
    """Return of each run of the steps `quality` and `score` when it was, rows that were delivered, and rows that came.

    A run that was stopped delivered none of its rows, however good they were.
    """
    runs = [
        rows
        for step in ("quality", "score")
        for record in records_between(ledger, pipeline, step, start, end)
        if (rows := _rows_of(record)) is not None
    ]
    return with_assumed(runs)


def latency_events(
    ledger: "Ledger", pipeline: str, start: datetime, end: datetime, *, max_ms: float
) -> Iterator[tuple[datetime, int, int]]:
    """Yield of each scoring run when it was, and one event, good if a row took at most so many milliseconds.

    A run that published nothing is none: that is for `quality` to count.
    """
    for record in records_between(ledger, pipeline, "score", start, end):
        evidence = _evidence(record)
        scored = (evidence.get("rows") or {}).get("scored")
        if evidence.get("event") and scored and evidence.get("seconds") is not None:
            yield record.recorded_at, int(evidence["seconds"] * 1_000 / scored <= max_ms), 1


def with_assumed(runs: Sequence[RunRows]) -> tuple[list[tuple[datetime, int, int]], Assumed]:
    """Return the events of runs; one whose rows were not counted stands for as many as the counted one before it.

    Left out, a source that nothing can read would look better with each refusal. Before the first counted run of a
    task the next one after it serves; where there is none, such a run is one event.
    """
    events, assumed = [], []
    for run in runs:
        total = _nearest(run, runs) if run.total is None else run.total
        if run.total is None:
            assumed.append(total)
        events.append((run.at, run.good, total))
    return events, Assumed(len(assumed), sum(assumed))


def _nearest(run: RunRows, runs: Iterable[RunRows]) -> int:
    counted = [(other.at, other.total) for other in runs if other.task == run.task and other.total]
    before = [each for each in counted if each[0] <= run.at]
    return max(before)[1] if before else min(counted)[1] if counted else 1


def _rows_of(record: "Record") -> RunRows | None:
    """Return the rows of a record; none where it tells of no rows, though the run went on."""
    evidence = _evidence(record)
    if record.step == "score":
        rows = evidence.get("rows") or {}
        total, good, delivered = rows.get("in") or 0, rows.get("scored") or 0, bool(evidence.get("event"))
    else:
        rows = evidence.get("quarantine") or {}
        total, good = rows.get("rows_in") or 0, rows.get("passed") or 0
        delivered = record.verdict.advances or (record.mode is Mode.DRY_RUN and total > 0)
    if delivered and not total:
        return None
    task = (record.step, record.dag_id, record.task_id)
    return RunRows(record.recorded_at, task, good if delivered else 0, total or None)


def _evidence(record: "Record") -> dict[str, Any]:
    return dict(record.evidence.get("evidence") or {})
