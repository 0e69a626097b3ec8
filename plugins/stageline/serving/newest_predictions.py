"""The predictions of a time, each row once: of rows that were scored more than once, the newest."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError
from stageline.serving.prediction_store import PredictionStore

if TYPE_CHECKING:
    import pyarrow as pa


def newest_predictions(
    store: PredictionStore, event_time: str, start: datetime, end: datetime
) -> "Iterator[pa.RecordBatch]":
    """Yield the predictions of rows whose event time is from `start` on and before `end`; nothing without a table.

    :param start: In UTC, as is `end`; times without a zone are taken for it.
    :raises ArtifactError: The table cannot be read, or lacks a column.
    """
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake.exceptions import DeltaError

    try:
        rows = store.dataset()
        if rows is None:
            return
        kind = rows.schema.field(event_time).type
        first, last = (pa.scalar(each if kind.tz else each.replace(tzinfo=None), kind) for each in (start, end))
        time = pc.field(event_time)
        inside = rows.scanner(filter=(time >= first) & (time < last)).to_reader()
        with duckdb.connect() as connection:
            connection.register("predictions", inside)
            found = connection.sql(
                "SELECT * FROM predictions QUALIFY row_number() OVER "  # noqa: S608 - names are quoted
                f"(PARTITION BY {', '.join(map(_quoted, store.keys))} ORDER BY scored_at DESC) = 1"
            )
            yield from found.to_arrow_reader()
    except (DeltaError, duckdb.Error, KeyError, OSError) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(f"predictions in {str(store.folder)!r} cannot be read: {words}") from error


def newest_time(store: PredictionStore, event_time: str, partition: str) -> datetime | None:
    """Return the newest event time of a partition of the predictions, in UTC; none where it holds no row.

    :raises ArtifactError: The table cannot be read, or lacks the column.
    """
    import pyarrow.compute as pc
    from deltalake.exceptions import DeltaError

    newest: datetime | None = None
    try:
        rows = store.dataset()
        if rows is None:
            return None
        for batch in rows.scanner(columns=[event_time], filter=pc.field("partition") == partition).to_batches():
            found = pc.max(batch.column(0)).as_py()
            newest = found if newest is None else max(newest, found or newest)
    except (DeltaError, KeyError, OSError) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(f"predictions in {str(store.folder)!r} cannot be read: {words}") from error
    return newest if newest is None or newest.tzinfo else newest.replace(tzinfo=UTC)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
