"""How long callers waited: the rows that servers answered, by stretches of time, and those that came fast enough."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from stageline.exceptions import ArtifactError

_MICROSECOND = timedelta(microseconds=1)


def served_latency(
    folder: Path, start: datetime, end: datetime, *, max_ms: float, unit: timedelta
) -> list[tuple[datetime, int, int]]:
    """Return when each stretch begins, its rows that were answered within a time, and all its rows.

    An error is no answer; what a shadow was asked, nobody waited for.

    :param folder: Of the servers' log; without one there are none.
    :param start: In UTC, as is `end`, which is not in it.
    :param max_ms: Milliseconds from the moment that a row was handed to its model to its answer.
    :param unit: Length of the stretches, back from `end`.
    :raises ArtifactError: The log cannot be read.
    """
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    kind = pa.timestamp("us", "UTC")
    try:
        if not DeltaTable.is_deltatable(str(folder)):
            return []
        rows = DeltaTable(str(folder)).to_pyarrow_dataset()
        moment = pc.field("scored_at")
        inside = (moment >= pa.scalar(start, kind)) & (moment < pa.scalar(end, kind)) & (pc.field("arm") != "shadow")
        told = rows.scanner(
            columns={"scored": moment.cast("int64"), "ms": pc.field("latency_ms"), "error": pc.field("error")},
            filter=inside,
        )
        with duckdb.connect() as connection:
            connection.register("told", told.to_reader())
            found = connection.execute(
                "SELECT ($1 - scored - 1) // $2 AS place, count(*) FILTER (error IS NULL AND ms <= $3), count(*) "
                "FROM told GROUP BY place ORDER BY place DESC",
                [(end - datetime.fromtimestamp(0, UTC)) // _MICROSECOND, unit // _MICROSECOND, max_ms],
            ).fetchall()
    except (DeltaError, duckdb.Error, KeyError, OSError, pa.ArrowException) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(f"the log {str(folder)!r} cannot be read: {words}") from error
    return [(end - (place + 1) * unit, good, total) for place, good, total in found]
