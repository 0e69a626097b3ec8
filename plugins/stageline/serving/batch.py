"""Batch scoring: rows in, one partition of predictions out, in batches, whole or not at all."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from stageline.exceptions import DataError, SourceError
from stageline.serving.features import feature_rows
from stageline.serving.rows import SourceChangedError
from stageline.serving.skew import SkewLimits, SkewWatch, check_columns
from stageline.serving.tally import NAMED_ROWS, Tally, check_published, check_rows
from stageline.verdicts import Check

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from stageline.serving.answers import Oracle
    from stageline.serving.features import FeatureRows
    from stageline.serving.predictions import PredictionsTable, Published
    from stageline.serving.reference import Reference
    from stageline.serving.rows import RowSource

_T = TypeVar("_T")


@dataclass(frozen=True)
class Scoring:
    """Who scores, and what each prediction says of it.

    :param partition: The partition of the predictions that the rows become.
    :param scored_by: The DAG run, `DAG/RUN`.
    :param scored_at: When, with a time zone.
    :param max_left_out: Largest share of rows that may be left out, 0 to 1.
    :param private: Columns whose values stand in no message or report.
    """

    oracle: "Oracle"
    reference: "Reference"
    model_version: int
    model_digest: str
    partition: str
    scored_by: str
    scored_at: datetime
    max_left_out: float = 0.0
    limits: SkewLimits = field(default_factory=SkewLimits)
    private: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Scored:
    """What a scoring concluded.

    :param published: The partition, or none where a check failed and nothing was written.
    """

    checks: tuple[Check, ...]
    tally: Tally
    published: "Published | None"
    bounds: str | None = None


def score_partition(
    source: "RowSource",
    scoring: Scoring,
    table: "PredictionsTable",
    *,
    confirm: Callable[[], None] = lambda: None,
) -> Scored:
    """Score all rows of a source and put them in the place of one partition.

    Where a check fails, the partition stays as it was.

    :param confirm: Asked right before the rows are published; raises where they are not wanted any more.
    :raises SourceError: The source cannot be read to its end, or changed meanwhile.
    :raises DataError: A row cannot be read with the types of training, or a prediction is not finite.
    :raises ArtifactError: The predictions cannot be written.
    """
    columns_there = check_columns(source.schema, scoring.reference, name=source.uri)
    tally, watch = Tally(), SkewWatch(scoring.reference)
    if not columns_there.verdict.advances:
        return Scored((columns_there,), tally, None)
    schema = _schema(scoring)
    with table.stage(schema) as staged, ThreadPoolExecutor(1) as writer:
        pending = None
        for rows in _ahead(_feature_batches(source, scoring, tally)):
            watch.see(rows)
            if len(rows.frame):
                answers = _ask(scoring.oracle, rows, tally)
                if pending is not None:
                    pending.result()
                pending = writer.submit(staged.write, _table(rows, answers, scoring, schema))
            tally.scored += len(rows.frame)
        if pending is not None:
            pending.result()
        checks = (
            columns_there,
            *check_rows(tally, written=staged.rows, max_left_out=scoring.max_left_out, name=source.uri),
        )
        if tally.scored:
            checks = (*checks, *watch.checks(scoring.limits, scoring.private))
        published = None
        if all(check.effect is None or check.effect.advances for check in checks):
            about = {
                "stageline.partition": scoring.partition,
                "stageline.dag_run": scoring.scored_by,
                "stageline.model_digest": scoring.model_digest,
            }
            published = table.publish(staged, scoring.partition, about=about, confirm=confirm)
            checks = (*checks, check_published(published))
    return Scored(checks, tally, published, scoring.oracle.bounds)


def _feature_batches(source: "RowSource", scoring: Scoring, tally: Tally) -> "Iterator[FeatureRows]":
    reference = scoring.reference
    columns, integers = reference.columns, reference.integers
    with _discreet(source, scoring):
        for batch in source.batches(columns.read):
            rows = feature_rows(batch, columns, integers)
            _name(rows, batch, scoring, tally)
            tally.rows += batch.num_rows
            yield rows
    if source.ragged.count:
        tally.rows += source.ragged.count
        tally.reasons["line is ragged"] = source.ragged.count
        room = max(NAMED_ROWS - len(tally.named), 0)
        lines = [{"reason": f"line {one.reason}", "line": one.line} for one in source.ragged.first]
        tally.named += lines[:room]


@contextmanager
def _discreet(source: "RowSource", scoring: Scoring) -> "Iterator[None]":
    """Name the source where its rows cannot be read, and no value of a table with private columns."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, DataError, SourceError) as error:
        if scoring.private and not isinstance(error, SourceChangedError):
            raise DataError(
                f"{source.uri!r}: a value cannot be read as in training; it is not shown, as the table has private "
                "columns; mend the source"
            ) from None
        if isinstance(error, SourceError):
            raise
        raise DataError(f"{source.uri!r}: cannot be read as in training: {error}") from error


def _name(rows: "FeatureRows", batch: "pa.RecordBatch", scoring: Scoring, tally: Tally) -> None:
    shown = [key for key in scoring.reference.columns.keys if key not in scoring.private]
    for reason, places in rows.left_out.items():
        tally.reasons[reason] = tally.reasons.get(reason, 0) + len(places)
        for place in places[: max(NAMED_ROWS - len(tally.named), 0)].tolist():
            keys = {key: str(batch.column(key)[place].as_py())[:100] for key in shown}
            tally.named.append({"reason": reason, "position": tally.rows + place, "keys": keys})


def _ahead(items: Iterable[_T]) -> "Iterator[_T]":
    """Yield items of which the next one is made meanwhile, in a thread."""
    steps = iter(items)
    with ThreadPoolExecutor(1) as reader:
        pending = reader.submit(lambda: list(_first(steps)))
        while found := pending.result():
            pending = reader.submit(lambda: list(_first(steps)))
            yield found[0]


def _first(steps: "Iterator[_T]") -> "Iterator[_T]":
    for item in steps:
        yield item
        return


def _ask(oracle: "Oracle", rows: "FeatureRows", tally: Tally) -> "dict[str, pa.Array]":
    try:
        return oracle.answer(rows.frame)
    except DataError as error:
        raise DataError(
            f"{error}, of the {len(rows.frame):,} rows after the first {tally.scored:,}; nothing was written"
        ) from error


def _schema(scoring: Scoring) -> "pa.Schema":
    import pyarrow as pa

    columns = scoring.reference.columns
    # The same text in every row: written once, with a number per row that stands for it.
    text = pa.dictionary(pa.int32(), pa.string())
    own = {
        **scoring.oracle.kinds,
        "model_version": pa.int64(),
        "model_digest": text,
        "snapshot": pa.int64(),
        "scored_by": text,
        "scored_at": pa.timestamp("us", "UTC"),
    }
    named = dict.fromkeys((*columns.keys, *([columns.event_time] if columns.event_time else [])))
    taken = {name.lower() for name in (*own, "partition")}
    for name in named:
        if name.lower() in taken:
            raise DataError(
                f"column {name!r} has the name of a column of the predictions; rename it in the source "
                f"(taken: {', '.join(sorted(taken))})"
            )
    kinds = {name: _kept(scoring.reference.types[name]) for name in named}
    if columns.event_time:
        kinds[columns.event_time] = pa.timestamp("us", "UTC" if columns.zoned else None)
    return pa.schema([*kinds.items(), *own.items()])


def _kept(kind: "pa.DataType") -> "pa.DataType":
    """Return a type wide enough that a later snapshot's narrower or wider one fits in it."""
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return pa.int64()
    return pa.float64() if pa.types.is_floating(kind) else kind


def _table(rows: "FeatureRows", answers: "Mapping[str, pa.Array]", scoring: Scoring, schema: "pa.Schema") -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    count = len(rows.frame)
    same = {
        "model_version": scoring.model_version,
        "model_digest": scoring.model_digest,
        "snapshot": scoring.reference.version,
        "scored_by": scoring.scored_by,
        "scored_at": scoring.scored_at,
    }
    columns = []
    for name, kind in zip(schema.names, schema.types, strict=True):
        if name in answers:
            columns.append(answers[name])
        elif name not in same:
            columns.append(_fitting(rows.table[name], kind, name, scoring))
        elif pa.types.is_dictionary(kind):
            text = pa.array([same[name]], kind.value_type)
            columns.append(pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), text))
        else:
            columns.append(pa.repeat(pa.scalar(same[name], kind), count))
    return pa.Table.from_arrays(columns, schema=schema)


def _fitting(values: "pa.ChunkedArray", kind: "pa.DataType", name: str, scoring: Scoring) -> "pa.ChunkedArray":
    import pyarrow as pa

    try:
        return values.cast(kind)
    except pa.ArrowException as error:
        words = "not shown, as the column is private" if name in scoring.private else str(error)
        raise DataError(f"column {name!r}: a value does not fit into {kind}, as in training: {words}") from None
