"""The rows of a window out of all that a table holds, batch by batch."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.monitoring.outputs import RECONSTRUCTION
from stageline.monitoring.reconstruction import Directions
from stageline.monitoring.windows import Window
from stageline.tables.event_time import parse_event_time

if TYPE_CHECKING:
    import pyarrow as pa

WINDOW = "stageline.window"


def rows_in(
    batches: "Iterable[pa.RecordBatch]", window: Window | None, event_time: str | None, *, name: str
) -> "Iterator[pa.RecordBatch]":
    """Yield the rows whose event time is in the window; a row without one is in none.

    :param window: None: all rows.
    :param event_time: Their column of times.
    :param name: How errors call the table.
    :raises DataError: A value is no time, or there is a window and no column of times.
    """
    import pyarrow.compute as pc

    if window is None:
        yield from batches
        return
    start, end = _microseconds(window.start), _microseconds(window.end)
    for table, times in _timed(batches, event_time, name):
        inside = table.filter(pc.and_(pc.greater_equal(times, start), pc.less(times, end)))
        yield from inside.combine_chunks().to_batches()


def rows_by_window(
    batches: "Iterable[pa.RecordBatch]", every: Sequence[Window], event_time: str | None, *, name: str
) -> "Iterator[pa.RecordBatch]":
    """Yield the rows of windows that follow each other, with the number of each row's window beside it.

    :param every: Of one length, each beginning where the one before ends.
    :raises DataError: As `rows_in`.
    """
    import pyarrow.compute as pc

    start, end = _microseconds(every[0].start), _microseconds(every[-1].end)
    length = (end - start) // len(every)
    for table, times in _timed(batches, event_time, name):
        numbered = table.append_column(WINDOW, pc.divide(pc.subtract(times, start), length))
        inside = numbered.filter(pc.and_(pc.greater_equal(times, start), pc.less(times, end)))
        yield from inside.combine_chunks().to_batches()


def _timed(
    batches: "Iterable[pa.RecordBatch]", event_time: str | None, name: str
) -> "Iterator[tuple[pa.Table, pa.ChunkedArray]]":
    """Yield the rows that have a time, and their times in microseconds: in UTC, or without a zone and taken for it."""
    import pyarrow as pa

    if event_time is None:
        raise DataError(f"{name!r}: rows of a window are asked for, but no event time is named")
    for batch in batches:
        table = pa.Table.from_batches([batch])
        if table[event_time].null_count:
            table = table.filter(table[event_time].is_valid())
        if not table.num_rows:
            continue
        try:
            times = parse_event_time(table, event_time).cast(pa.int64())
        except DataError as error:
            raise DataError(f"{name!r}: {error}") from error
        yield table, times


def _microseconds(moment: datetime) -> int:
    return round((moment - datetime.fromtimestamp(0, UTC)) / timedelta(microseconds=1))


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
