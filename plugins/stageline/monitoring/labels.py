"""Predictions with the true values that are known of them by some time: late, twice, contradictory or never."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.monitoring.fitting import fitting, stored
from stageline.tables.event_time import parse_event_time

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# By when a label has to have come, of a prediction that has a time of its own for that.
KNOWN_BY = "stageline.known_by"
_BULK = 1_000_000
_COUNTS = ("times", "values", "newest", "nulls", "odd", "late")


@dataclass(frozen=True)
class LabelColumns:
    """What the columns are called, and when a label is there.

    :param keys: Columns that both tables have, and that together name a row.
    :param event_time: The predictions' column of times.
    :param value: The labels' column of true values.
    :param arrived: The labels' column that says when each came; without it, or where it is null, a label is known
        from the event time and `delay` on.
    :param prediction: The predictions' column that has the type of true values.
    """

    keys: Sequence[str]
    event_time: str
    value: str
    arrived: str | None = None
    delay: timedelta = timedelta(0)
    prediction: str = "prediction"


@dataclass(frozen=True)
class LabelledRows:
    """Predictions, each key once, and what is known of their true values.

    :param table: The predictions, in the order they came.
    :param truth: Their true values as classes or numbers, null where none counts.
    :param seconds: Their event times in seconds since 1970-01-01, shape (n,).
    :param counts: Of each prediction, its labels: `times` usable and known, `values` that differ among them, `newest`
        that differ among the newest ones, `nulls`, `odd` (NaN or infinite) and `late` (not known yet).
    :param again: Predictions of a key that came once more later; the last one stands.
    :param unmatched: Labels of keys that were not predicted.
    """

    table: "pa.Table"
    truth: "pa.Array"
    seconds: "np.ndarray"
    counts: "dict[str, np.ndarray]"
    again: int = 0
    unmatched: int = 0

    @property
    def known(self) -> "np.ndarray":
        """Which predictions have a true value, shape (n,), bool."""
        settled: np.ndarray = self.counts["newest"] == 1
        return settled

    @property
    def scored(self) -> int:
        """Predictions."""
        rows: int = self.table.num_rows
        return rows

    @property
    def labelled(self) -> int:
        """Predictions with a true value."""
        return int(self.known.sum())

    @property
    def coverage(self) -> float | None:
        """The share of them; none of nothing."""
        return self.labelled / self.scored if self.scored else None

    @property
    def repeated(self) -> int:
        """Predictions whose label came more than once with the same value: it counts once."""
        return int((self.known & (self.counts["times"] > 1) & (self.counts["values"] == 1)).sum())

    @property
    def corrected(self) -> int:
        """Predictions whose label came with other values before the newest, which counts."""
        return int((self.known & (self.counts["values"] > 1)).sum())

    @property
    def contradictory(self) -> int:
        """Predictions with two values of which none is the newer: they have no true value."""
        return int((self.counts["newest"] > 1).sum())

    @property
    def nulls(self) -> int:
        """Predictions without a true value that have a label of null."""
        return int((~self.known & (self.counts["nulls"] > 0)).sum())

    @property
    def odd(self) -> int:
        """Predictions with a label that is NaN or infinite, which does not count."""
        return int((self.counts["odd"] > 0).sum())

    @property
    def late(self) -> int:
        """Predictions without a true value whose label is not known yet."""
        return int((~self.known & (self.counts["late"] > 0)).sum())

    def only(self, rows: "np.ndarray") -> "LabelledRows":
        """Return some of the predictions.

        :param rows: Shape (n,), true for the rows to keep.
        """
        import pyarrow as pa

        mask = pa.array(rows)
        counts = {name: counted[rows] for name, counted in self.counts.items()}
        return LabelledRows(self.table.filter(mask), self.truth.filter(mask), self.seconds[rows], counts)


def join_labels(
    predictions: "Iterable[pa.RecordBatch]", labels: "Iterable[pa.RecordBatch]", columns: LabelColumns, now: datetime
) -> LabelledRows:
    """Join predictions with the labels that are known by a time; the labels are read once and not kept.

    :param predictions: Their keys, event time and what else is wanted of them.
    :param labels: Keys, values and, if named, arrival times.
    :param now: What came later is not known yet. A prediction with a column `stageline.known_by` (timestamps in
        UTC, without a zone) has its own.
    :raises DataError: A column is missing, or its values are of another kind than the other table's.
    """
    import duckdb
    import pyarrow as pa

    batches = list(predictions)
    if not batches:
        return _nothing(sum(batch.num_rows for batch in labels))
    table = pa.Table.from_batches(batches)
    places = _places(table, columns, now)
    kinds = {"value": stored(table.schema.field(columns.prediction).type)}
    kinds |= {f"k{number}": places.schema.field(f"k{number}").type for number in range(len(columns.keys))}
    keys = [name for name in kinds if name != "value"]
    matching = " AND ".join(f"l.{key} = p.{key}" for key in keys)
    rows = matched = 0
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        connection.register("places", places)
        # Of a key that was predicted more than once, the last stands. No name in these texts comes from outside.
        connection.execute(
            "CREATE TEMP TABLE p AS SELECT * FROM places "  # noqa: S608
            f"QUALIFY row_number() OVER (PARTITION BY {', '.join(keys)} ORDER BY r DESC) = 1"
        )
        connection.register("none", pa.table({"value": pa.array([], kinds["value"])}))
        connection.execute(
            "CREATE TEMP TABLE l AS SELECT 0::BIGINT AS r, value, 0::BIGINT AS came, false AS odd, false AS known "
            "FROM none"
        )
        # Bulk by bulk, so that an error of the source is not one of DuckDB.
        for bulk in _bulks(_told(batch, table, columns) for batch in labels):
            connection.register("batch", bulk)
            connection.execute(
                "INSERT INTO l SELECT r, value, coalesce(came, due), odd, coalesce(came, due) <= deadline "  # noqa: S608
                f"FROM batch l JOIN p ON {matching}"
            )
            connection.unregister("batch")
            rows += bulk.num_rows
        matched = connection.sql("SELECT count(*) FROM l").fetchall()[0][0]
        found = connection.sql(_COUNTED).to_arrow_table()
    return _labelled(table, found, columns, rows - matched)


_COUNTED = """
WITH usable AS (SELECT * FROM l WHERE known AND value IS NOT NULL),
newest AS (
  SELECT r, min(value) AS value, count(DISTINCT value) AS newest
  FROM (SELECT * FROM usable QUALIFY rank() OVER (PARTITION BY r ORDER BY came DESC) = 1) GROUP BY r
),
told AS (
  SELECT r,
    count(*) FILTER (known AND value IS NOT NULL) AS times,
    count(DISTINCT value) FILTER (known AND value IS NOT NULL) AS "values",
    count(*) FILTER (value IS NULL AND NOT odd) AS nulls,
    count(*) FILTER (odd) AS odd,
    count(*) FILTER (NOT known AND value IS NOT NULL) AS late
  FROM l GROUP BY r
)
SELECT p.r, newest.value,
  coalesce(newest.newest, 0) AS newest, coalesce(told.times, 0) AS times, coalesce(told."values", 0) AS "values",
  coalesce(told.nulls, 0) AS nulls, coalesce(told.odd, 0) AS odd, coalesce(told.late, 0) AS late
FROM p LEFT JOIN told ON told.r = p.r LEFT JOIN newest ON newest.r = p.r ORDER BY p.r
"""


def _places(table: "pa.Table", columns: LabelColumns, now: datetime) -> "pa.Table":
    """Return of each prediction its number, its keys, when its label is due and by when it has to have come."""
    import pyarrow as pa
    import pyarrow.compute as pc

    _require(table.schema, (*columns.keys, columns.event_time, columns.prediction), "predictions")
    own = {f"k{n}": fitting(table[key], table.schema.field(key).type, key)[0] for n, key in enumerate(columns.keys)}
    times = parse_event_time(table, columns.event_time).cast(pa.int64())
    deadline = (
        table[KNOWN_BY].cast(pa.int64())
        if KNOWN_BY in table.column_names
        else pa.repeat(pa.scalar(_microseconds(now)), table.num_rows)
    )  # fmt: skip
    return pa.table(
        {
            "r": pa.array(range(table.num_rows), pa.int64()),
            **own,
            "due": pc.add(times, columns.delay // timedelta(microseconds=1)),
            "deadline": deadline,
        }
    )


def _bulks(tables: "Iterable[pa.Table]") -> "Iterator[pa.Table]":
    """Yield tables together: each join looks at all predictions anew."""
    import pyarrow as pa

    held: list[pa.Table] = []
    for table in tables:
        held.append(table)
        if sum(each.num_rows for each in held) >= _BULK:
            yield pa.concat_tables(held)
            held = []
    if held:
        yield pa.concat_tables(held)


def _told(batch: "pa.RecordBatch", table: "pa.Table", columns: LabelColumns) -> "pa.Table":
    """Return labels in the types of the predictions."""
    import pyarrow as pa

    _require(batch.schema, (*columns.keys, columns.value, *([columns.arrived] if columns.arrived else [])), "labels")
    keys = {
        f"k{n}": fitting(batch.column(key), table.schema.field(key).type, key)[0] for n, key in enumerate(columns.keys)
    }  # fmt: skip
    value, odd = fitting(batch.column(columns.value), table.schema.field(columns.prediction).type, columns.value)
    came = pa.nulls(batch.num_rows, pa.int64())
    if columns.arrived:
        came = _moments(batch.column(columns.arrived), columns.arrived)
    return pa.table({**keys, "value": value, "odd": odd, "came": came})


def _moments(values: "pa.Array", what: str) -> "pa.Array":
    """Return times in microseconds since 1970-01-01, taken for UTC without a zone."""
    import pyarrow as pa

    zoned = False
    if pa.types.is_timestamp(values.type):
        zoned = bool(values.type.tz)
    else:
        texts = values.drop_null()
        if len(texts) and not pa.types.is_date(texts.type):
            zoned = bool(parse_event_time(pa.table({what: texts}), what).type.tz)
    return fitting(values, pa.timestamp("us", "UTC" if zoned else None), what)[0]


def _labelled(table: "pa.Table", found: "pa.Table", columns: LabelColumns, unmatched: int) -> LabelledRows:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = {name: found[name].to_numpy() for name in _COUNTS}
    once = counts["newest"] == 1
    kept = table.take(found["r"]) if found.num_rows < table.num_rows else table
    seconds = parse_event_time(kept, columns.event_time).cast(pa.int64()).to_numpy() // 1_000_000
    truth = found["value"].combine_chunks()
    if isinstance(truth, pa.ChunkedArray):
        truth = truth.chunk(0) if truth.num_chunks else pa.nulls(0, truth.type)
    truth = pc.if_else(pa.array(once), truth, pa.scalar(None, truth.type))
    again = table.num_rows - found.num_rows
    return LabelledRows(kept, truth, np.asarray(seconds), counts, again=again, unmatched=unmatched)


def _nothing(unmatched: int) -> LabelledRows:
    import numpy as np
    import pyarrow as pa

    counts = {name: np.zeros(0, np.int64) for name in _COUNTS}
    return LabelledRows(pa.table({}), pa.nulls(0), np.zeros(0, np.int64), counts, unmatched=unmatched)


def _require(schema: "pa.Schema", wanted: Sequence[str], what: str) -> None:
    for name in wanted:
        if name not in schema.names:
            raise DataError(f"the {what} have no column {name!r}; there are: {', '.join(schema.names)}")


def _microseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
