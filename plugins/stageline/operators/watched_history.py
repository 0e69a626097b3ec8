"""The history of a table as a released model would have seen it, window by window."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.monitoring.replay import Judged
    from stageline.operators.watched_window import WatchedWindow


def judge_history(watched: "WatchedWindow", start: datetime, end: datetime) -> "tuple[Judged, ...]":
    """Return what the drift check would have said of each whole window from `start` to `end`.

    The champion is asked for its predictions anew: it may not have been there then.

    :param watched: Any window of the model; its length is that of all.
    :raises DataError: No whole window fits between the two.
    """
    from stageline.monitoring.drift import DriftLimits
    from stageline.monitoring.replay import replay
    from stageline.monitoring.window_rows import rows_by_window, with_reconstruction
    from stageline.monitoring.windows import windows
    from stageline.operators.watched_privacy import private_columns

    run, profile = watched.run, watched.profile
    length = watched.window.end - watched.window.start
    every = tuple(window for window in windows(start, end, length) if window.end <= end)
    if not every:
        raise DataError(f"no whole window of {length} fits between {start.isoformat()} and {end.isoformat()}")
    above = run.spec.monitor.drift.fail_above if run.spec.monitor else DriftLimits().fail_above
    with watched.source.unchanged():
        read = watched.batches(watched.champion.reference.columns.read)
        rows = rows_by_window(read, every, run.spec.source.event_time, name=watched.source.uri)
        told = _with_outputs(with_reconstruction(rows, profile.directions), watched)
        return replay(profile, told, every, DriftLimits(fail_above=above), private=private_columns(run))


def _with_outputs(batches: "Iterable[pa.RecordBatch]", watched: "WatchedWindow") -> "Iterator[pa.RecordBatch]":
    """Yield the rows with what the champion says of them; a row it cannot take has no prediction."""
    import pyarrow as pa

    from stageline.operators.watched_window import watched_outputs
    from stageline.serving import Oracle
    from stageline.serving.features import feature_rows
    from stageline.spec import Task

    champion, spec = watched.champion, watched.run.spec
    reference = champion.reference
    oracle = Oracle(champion.load(), spec.target.task is Task.CLASSIFICATION, positive=spec.target.positive)
    for batch in batches:
        usable = feature_rows(batch, reference.columns, reference.integers)
        place = _places(batch.num_rows, usable.left_out.values())
        said = oracle.answer(usable.frame) if len(usable.frame) else {
            name: pa.nulls(0, kind) for name, kind in oracle.kinds.items()
        }  # fmt: skip
        columns = {
            name: values.take(place) for name, values in watched_outputs(said, watched.profile).items()
        }  # fmt: skip
        yield pa.RecordBatch.from_arrays([*batch.columns, *columns.values()], names=[*batch.schema.names, *columns])


def _places(rows: int, left_out: "Iterable[np.ndarray]") -> "pa.Array":
    """Return where each row stands among those that are not left out; null for those that are."""
    import numpy as np
    import pyarrow as pa

    kept = np.ones(rows, bool)
    for places in left_out:
        kept[places] = False
    return pa.array(np.cumsum(kept) - 1, mask=~kept)
