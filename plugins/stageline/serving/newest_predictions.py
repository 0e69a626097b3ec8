"""The predictions of a time, each row once: of rows that were scored more than once, the newest."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError

if TYPE_CHECKING:
    import pyarrow as pa


def newest_predictions(
    folder: Path, keys: Sequence[str], event_time: str, start: datetime, end: datetime
) -> "Iterator[pa.RecordBatch]":
    """Yield the predictions of rows whose event time is from `start` on and before `end`; nothing without a table.

    :param folder: Of the Delta table of predictions.
    :param keys: What tells rows apart.
    :param start: In UTC, as is `end`; times without a zone are taken for it.
    :raises ArtifactError: The table cannot be read, or lacks a column.
    """
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if not DeltaTable.is_deltatable(str(folder)):
        return
    try:
        rows = DeltaTable(str(folder)).to_pyarrow_dataset()
        kind = rows.schema.field(event_time).type
        first, last = (pa.scalar(each if kind.tz else each.replace(tzinfo=None), kind) for each in (start, end))
        time = pc.field(event_time)
        inside = rows.scanner(filter=(time >= first) & (time < last)).to_reader()
        with duckdb.connect() as connection:
            connection.register("predictions", inside)
            found = connection.sql(
                "SELECT * FROM predictions QUALIFY row_number() OVER "  # noqa: S608 - names are quoted
                f"(PARTITION BY {', '.join(map(_quoted, keys))} ORDER BY scored_at DESC) = 1"
            )
            yield from found.to_arrow_reader()
    except (DeltaError, duckdb.Error, KeyError, OSError) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(f"predictions in {str(folder)!r} cannot be read: {words}") from error


def newest_time(folder: Path, event_time: str, partition: str) -> datetime | None:
    """Return the newest event time of a partition of the predictions, in UTC; none where it holds no row.

    :param folder: Of the Delta table of predictions.
    :raises ArtifactError: The table cannot be read, or lacks the column.
    """
    import pyarrow.compute as pc
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if not DeltaTable.is_deltatable(str(folder)):
        return None
    newest: datetime | None = None
    try:
        rows = DeltaTable(str(folder)).to_pyarrow_dataset()
        for batch in rows.scanner(columns=[event_time], filter=pc.field("partition") == partition).to_batches():
            found = pc.max(batch.column(0)).as_py()
            newest = found if newest is None else max(newest, found or newest)
    except (DeltaError, KeyError, OSError) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(f"predictions in {str(folder)!r} cannot be read: {words}") from error
    return newest if newest is None or newest.tzinfo else newest.replace(tzinfo=UTC)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
