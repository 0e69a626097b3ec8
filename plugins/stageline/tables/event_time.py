"""The event time of a table as timestamps: all naive, or all in UTC."""

from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_TIME = r"^\d{4}"
_AWARE = r"[T ]\d{2}.*([Zz]|[+-]\d{2}(:?\d{2})?)$"


def parse_event_time(table: "pa.Table", column: str) -> "pa.ChunkedArray":
    """Return a column as timestamps in microseconds.

    Times with offsets are turned into UTC; times without stay naive. A column that mixes the two has no
    order, so it is refused.

    :raises DataError: Nulls, a value that is no time, or naive and aware times mixed.
    """
    import pyarrow as pa

    values = table[column]
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if values.null_count:
        row = values.is_null().index(True).as_py() + 1
        raise DataError(f"event time {column!r}: {values.null_count:,} null(s), first in row {row:,}")
    kind = values.type
    try:
        if pa.types.is_timestamp(kind):
            # Nanoseconds are cut; seconds that microseconds cannot hold are refused.
            return values.cast(pa.timestamp("us", kind.tz and "UTC"), safe=kind.unit != "ns")
        if pa.types.is_date(kind):
            return values.cast(pa.timestamp("us"))
    except pa.ArrowInvalid as error:
        raise DataError(f"event time {column!r}: holds a time too far away: {error}") from error
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _parse_texts(values, column)
    raise DataError(
        f"event time {column!r}: has type {kind}; expected dates or timestamps, e.g. 2026-03-21T14:00:00+01:00"
    )


def _parse_texts(values: "pa.ChunkedArray", column: str) -> "pa.ChunkedArray":
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_trim_whitespace(values)
    aware = pc.match_substring_regex(texts, _AWARE)
    count = pc.sum(aware).as_py() or 0
    if 0 < count < len(texts):
        row_aware = aware.index(True).as_py()
        row_naive = aware.index(False).as_py()
        raise DataError(
            f"event time {column!r}: mixes times with and without a time zone: row {row_aware + 1:,} has "
            f"{texts[row_aware].as_py()!r}, row {row_naive + 1:,} has {texts[row_naive].as_py()!r}; "
            "write all of them with an offset, or none"
        )
    # Without a year it is none of the words that pandas knows, such as "now".
    dated = pc.if_else(pc.match_substring_regex(texts, _TIME), texts, pa.scalar(None, texts.type))
    parsed = pd.to_datetime(dated.to_pandas().astype("str"), format="ISO8601", utc=bool(count), errors="coerce")
    if parsed.isna().any():
        row = int(parsed.isna().to_numpy().argmax())
        raise DataError(
            f"event time {column!r}: row {row + 1:,} has {texts[row].as_py()!r}, which is no ISO 8601 date or time; "
            "write e.g. 2026-03-21T14:00:00"
        )
    # In UTC the zone can be taken off and put on again without moving a time.
    moments = parsed.dt.tz_localize(None).dt.as_unit("us").to_numpy()
    return pa.chunked_array([pa.array(moments).cast(pa.timestamp("us", "UTC" if count else None))])
