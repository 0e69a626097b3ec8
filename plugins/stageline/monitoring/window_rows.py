"""The rows of a window out of all that a table holds, batch by batch."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.monitoring.outputs import RECONSTRUCTION
from stageline.monitoring.reconstruction import Directions
from stageline.monitoring.windows import Window
from stageline.tables.event_time import parse_event_time

if TYPE_CHECKING:
    import pyarrow as pa


def rows_in(
    batches: "Iterable[pa.RecordBatch]", window: Window | None, event_time: str | None, *, name: str
) -> "Iterator[pa.RecordBatch]":
    """Yield the rows whose event time is in the window; a row without one is in none.

    :param window: None: all rows.
    :param event_time: Their column of times.
    :param name: How errors call the table.
    :raises DataError: A value is no time, or there is a window and no column of times.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if window is None:
        yield from batches
        return
    if event_time is None:
        raise DataError(f"{name!r}: rows of a window are asked for, but no event time is named")
    start, end = (
        pa.scalar(moment.replace(tzinfo=None), pa.timestamp("us")).cast(pa.int64())
        for moment in (window.start, window.end)
    )
    for batch in batches:
        table = pa.Table.from_batches([batch])
        if table[event_time].null_count:
            table = table.filter(table[event_time].is_valid())
        if not table.num_rows:
            continue
        try:
            # In UTC, or without a zone and taken for it.
            times = parse_event_time(table, event_time).cast(pa.int64())
        except DataError as error:
            raise DataError(f"{name!r}: {error}") from error
        inside = table.filter(pc.and_(pc.greater_equal(times, start), pc.less(times, end)))
        yield from inside.combine_chunks().to_batches()


def with_reconstruction(
    batches: "Iterable[pa.RecordBatch]", directions: Directions | None
) -> "Iterator[pa.RecordBatch]":
    """Yield the rows with their reconstruction errors beside them, if the reference has directions."""
    import pyarrow as pa

    for batch in batches:
        if directions is None:
            yield batch
        else:
            errors = pa.array(directions.errors(batch))
            yield pa.RecordBatch.from_arrays([*batch.columns, errors], [*batch.schema.names, RECONSTRUCTION])
