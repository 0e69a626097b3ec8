"""The newest record of each task in a stretch of time, read in small portions: a ledger may be years long."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from stageline.ledger.head import PROMOTION

if TYPE_CHECKING:
    from stageline.ledger import Ledger, Record

# Records at a time: one may hold a MiB of evidence.
_AT_ONCE = 100


def records_between(ledger: "Ledger", pipeline: str, step: str, start: datetime, end: datetime) -> "Iterator[Record]":
    """Yield the newest record of each task of a step, the newest first: of several tries, the last one counts.

    :param start: Records that were written before it are left out, as are those written at `end` or later.
    """
    newest = ledger.newest(pipeline)
    last = newest.position if newest else 0
    seen = set()
    while last > 0:
        first = max(last - _AT_ONCE + 1, 1)
        for record in ledger.records(pipeline, step=step, positions=range(first, last + 1)):
            if record.recorded_at < start:
                return
            task = (record.dag_id, record.run_id, record.task_id, record.map_index)
            if record.recorded_at < end and record.kind == "step" and task not in seen:
                seen.add(task)
                yield record
        last = first - 1


def first_release(ledger: "Ledger", pipeline: str) -> datetime | None:
    """Return when a model of a pipeline was first released, or none."""
    found = ledger.records(pipeline, kinds=(PROMOTION,), newest_first=False, limit=1)
    return found[0].recorded_at if found else None
