"""The first prediction of each row: how old the row was by then, and what was said of it."""

import operator
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.serving.prediction_store import PredictionStore

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

# The event time, which may be one of the keys, too.
HAPPENED = "stageline.happened"
# Rows that were scored before need remembering; beyond this DuckDB goes to its disk.
_MEMORY = "256MB"
_THREADS = 2
_EPOCH = datetime.fromtimestamp(0, UTC)
_MICROSECOND = timedelta(microseconds=1)
# From a time on, before another; none: without an end.
_Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True)
class FirstScored:
    """Which first predictions are counted, and what makes one good.

    :param since: Rows whose event time is before it are old history, and no events.
    :param start: First predictions before it do not count, nor those at `end` or later.
    :param max_age: Largest time from the event to its first prediction.
    :param unit: Length of the stretches they are counted by, back from `end`.
    """

    since: datetime
    start: datetime
    end: datetime
    max_age: timedelta
    unit: timedelta


@dataclass(frozen=True)
class FirstPredictions:
    """The first prediction of each row, out of all partitions that the table still holds.

    :param store: Without a table there are none.
    :param event_time: Column; times without a zone are taken for UTC.
    """

    store: PredictionStore
    event_time: str

    @property
    def keys(self) -> Sequence[str]:
        """What tells rows apart."""
        return self.store.keys

    def count(self, asked: FirstScored) -> list[tuple[datetime, int, int]]:
        """Return stretches of time: when each begins, rows that were scored in time, all rows first scored in it.

        :raises ArtifactError: The table cannot be read, or lacks a column.
        """
        own = ", ".join(_own(self.keys))
        query = f"""
            WITH first AS (
                SELECT min(scored) AS scored, arg_min(happened, scored) AS happened FROM predictions GROUP BY {own}
            )
            SELECT ($2 - scored - 1) // $3 AS place, count(*) FILTER (scored - happened <= $4), count(*)
            FROM first WHERE scored >= $1 GROUP BY place ORDER BY place DESC
        """  # noqa: S608 - our own names
        given = [_number(asked.start), _number(asked.end), asked.unit // _MICROSECOND, asked.max_age // _MICROSECOND]
        with self._open({self.event_time: (asked.since, None), "scored_at": (None, asked.end)}) as connection:
            found = connection.execute(query, given).fetchall() if connection else []
        return [(asked.end - (place + 1) * asked.unit, good, total) for place, good, total in found]

    def between(self, start: datetime, end: datetime, watermarks: Mapping[int, datetime]) -> "Iterator[pa.RecordBatch]":
        """Yield the keys, `stageline.happened` (in UTC, without a zone) and `prediction` of rows of some event times.

        A row that is no newer than the data of the model that predicted it is left out: that model has seen it.

        :param start: Of the event times, in UTC, up to before `end`.
        :param watermarks: Newest event time of the data of each model version.
        :raises ArtifactError: The table cannot be read, or lacks a column.
        """
        import pyarrow as pa

        own = ", ".join(_own(self.keys))
        query = f"""
            WITH first AS (
                SELECT {own}, arg_min({{'at': happened, 'said': prediction, 'by': model_version}}, scored) AS one
                FROM predictions GROUP BY {own}
            )
            SELECT {own}, make_timestamp(one.at), one.said
            FROM first LEFT JOIN seen ON seen.version = one.by WHERE seen.until IS NULL OR one.at > seen.until
        """  # noqa: S608 - our own names
        until = [_number(moment) for moment in watermarks.values()]
        seen = pa.table({"version": pa.array(watermarks, pa.int64()), "until": pa.array(until, pa.int64())})
        with self._open({self.event_time: (start, end)}, ("prediction", "model_version")) as connection:
            if connection is None:
                return
            connection.register("seen", seen)
            for batch in connection.sql(query).to_arrow_reader():
                yield batch.rename_columns([*self.keys, HAPPENED, "prediction"])

    def rows(self, start: datetime, end: datetime) -> int:
        """Return how many predictions there are of rows of a stretch of event times, each as often as it was made.

        :raises ArtifactError: The table cannot be read, or lacks a column.
        """
        with self._dataset() as rows:
            if rows is None:
                return 0
            return int(rows.count_rows(filter=_filter(rows.schema, {self.event_time: (start, end)})))

    @contextmanager
    def _dataset(self) -> "Iterator[Any]":
        import duckdb
        from deltalake.exceptions import DeltaError

        try:
            yield self.store.dataset()
        except (DeltaError, duckdb.Error, KeyError, OSError) as error:
            words = str(error).partition("\n")[0]
            raise ArtifactError(f"predictions in {str(self.store.folder)!r} cannot be read: {words}") from error

    @contextmanager
    def _open(
        self, within: Mapping[str, _Span], more: Sequence[str] = ()
    ) -> "Iterator[duckdb.DuckDBPyConnection | None]":
        """Give a database with the keys of predictions, both times in microseconds, and some more columns.

        :param within: Of a column the least time, and the one that it is before.
        """
        import duckdb
        import pyarrow as pa

        with self._dataset() as rows, tempfile.TemporaryDirectory(prefix="stageline-duckdb-") as spilled:
            if rows is None:
                yield None
                return
            names = dict(zip((*_own(self.keys), *more), (*self.keys, *more), strict=True))
            kinds = [(own, rows.schema.field(name).type) for own, name in names.items()]
            schema = pa.schema([*kinds, ("happened", pa.int64()), ("scored", pa.int64())])
            inside = rows.scanner(
                columns=list(dict.fromkeys((*names.values(), self.event_time, "scored_at"))),
                filter=_filter(rows.schema, within),
                batch_readahead=2,
                fragment_readahead=1,
            )
            batches = (
                pa.RecordBatch.from_arrays(
                    [*(batch.column(name) for name in names.values()), *_moments(batch, self.event_time)], schema=schema
                )
                for batch in inside.to_batches()
            )
            config = {"memory_limit": _MEMORY, "temp_directory": spilled, "threads": str(_THREADS)}
            with duckdb.connect(config=config) as connection:
                connection.register("predictions", pa.RecordBatchReader.from_batches(schema, batches))
                yield connection


def _own(keys: Sequence[str]) -> list[str]:
    return [f"key_{place}" for place in range(len(keys))]


def _filter(schema: "pa.Schema", within: Mapping[str, _Span]) -> Any:
    import pyarrow.compute as pc

    asked = []
    for name, (least, before) in within.items():
        kind = schema.field(name).type
        asked += [pc.field(name) >= _as(least, kind)] if least else []
        asked += [pc.field(name) < _as(before, kind)] if before else []
    return reduce(operator.and_, asked)


def _moments(batch: "pa.RecordBatch", event_time: str) -> "list[pa.Array]":
    import pyarrow as pa

    return [batch.column(name).cast(pa.timestamp("us")).cast(pa.int64()) for name in (event_time, "scored_at")]


def _as(moment: datetime, kind: "pa.DataType") -> "pa.Scalar":
    import pyarrow as pa

    return pa.scalar(moment if kind.tz else moment.astimezone(UTC).replace(tzinfo=None), kind)


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
