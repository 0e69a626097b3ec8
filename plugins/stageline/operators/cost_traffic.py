"""What the log of predictions says of the traffic: its hours, and how many each month had."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.costs.traffic import Pattern, pattern_of
from stageline.exceptions import ArtifactError, CostError

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_LOOKED_BACK = timedelta(days=90)
_HOUR = 3_600_000_000
SERVED_AT = "scored_at"


def logged_pattern(run: "RunContext") -> Pattern | None:
    """Return the pattern of what servers were asked in the last ninety days; none: there is no such log, or no day.

    Batches say nothing of it: their rows came all at once.
    """
    if not run.predictions.served:
        return None
    now = run.run_after.astimezone(UTC)
    try:
        return pattern_of(hourly_answers(run, now - _LOOKED_BACK, now))
    except CostError:
        return None


def answers_between(run: "RunContext", start: datetime, end: datetime) -> int:
    """Return how many predictions the servers' log holds from `start` on and before `end`."""
    return int(sum(hourly_answers(run, start, end)))


def hourly_answers(run: "RunContext", start: datetime, end: datetime) -> "list[int]":
    """Return how many predictions servers gave in each hour from the first to the last one that had any.

    :raises ArtifactError: The log cannot be read.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake.exceptions import DeltaError

    # Callers that named no keys got an answer, too.
    store = replace(run.predictions, keys=())
    hours: list[np.ndarray] = []
    try:
        rows = store.dataset()
        if rows is None:
            return []
        time = pc.field(SERVED_AT)
        found = rows.scanner(columns=[SERVED_AT], filter=(time >= start) & (time < end)).to_batches()
        hours += [batch.column(0).cast(pa.timestamp("us", "UTC")).cast("int64").to_numpy() // _HOUR for batch in found]
    except (DeltaError, pa.ArrowException, KeyError, OSError) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(f"predictions in {str(store.folder)!r} cannot be read: {words}") from error
    together = np.concatenate(hours) if hours else np.empty(0, np.int64)
    if not len(together):
        return []
    counts: list[int] = np.bincount(together - together.min()).tolist()
    return counts
