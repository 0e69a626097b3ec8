"""The columns of a row of predictions: which they are, and how a batch of answers becomes them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.serving.features import FeatureRows
    from stageline.serving.scoring import Scoring


def schema_of(scoring: "Scoring") -> "pa.Schema":
    """Return the columns and their types, without the partition.

    :raises DataError: A key has the name of a column of the predictions.
    """
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


def table_of(
    rows: "FeatureRows", answers: "Mapping[str, pa.Array]", scoring: "Scoring", schema: "pa.Schema"
) -> "pa.Table":
    """Return rows as they are written.

    :param answers: What the model says of them, by column.
    :raises DataError: A value does not fit into the column of training.
    """
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


def _fitting(values: "pa.ChunkedArray", kind: "pa.DataType", name: str, scoring: "Scoring") -> "pa.ChunkedArray":
    import pyarrow as pa

    try:
        return values.cast(kind)
    except pa.ArrowException as error:
        words = "not shown, as the column is private" if name in scoring.private else str(error)
        raise DataError(f"column {name!r}: a value does not fit into {kind}, as in training: {words}") from None
