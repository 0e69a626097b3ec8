"""The event time of a table as timestamps: all naive, or all in UTC."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_TIME = r"^\d{4}"
# No clock on Earth is further ahead.
_FURTHEST_AHEAD = timedelta(hours=14)
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


def rows_after(values: "pa.ChunkedArray", now: datetime) -> "np.ndarray":
    """Return where a column of times is later than a moment.

    A time without a zone counts only if it lies ahead on every clock on Earth. What is no time is never later:
    `parse_event_time` refuses it.

    :param now: The moment, with a time zone.
    :returns: Positions in ascending order, int64, shape (m,).
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    kind = values.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = pc.utf8_trim_whitespace(values)
        aware = np.asarray(pc.match_substring_regex(texts, _AWARE).fill_null(False))
        return np.flatnonzero(_moments(texts) > np.where(aware, _in_utc(now), _in_utc(now + _FURTHEST_AHEAD)))
    if pa.types.is_date(kind):
        values = values.cast(pa.timestamp("s" if pa.types.is_date32(kind) else "ms"))
    elif not pa.types.is_timestamp(kind):
        return np.zeros(0, np.int64)
    limit = pa.scalar(_in_utc(now if values.type.tz else now + _FURTHEST_AHEAD))
    units = limit.cast(pa.timestamp(values.type.unit), safe=False).cast(pa.int64())
    return np.flatnonzero(pc.greater(values.cast(pa.int64()), units).fill_null(False))


def _in_utc(moment: datetime) -> "np.datetime64":
    import numpy as np

    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def _parse_texts(values: "pa.ChunkedArray", column: str) -> "pa.ChunkedArray":
    import numpy as np
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
    moments = _moments(texts)
    if (unknown := np.isnat(moments)).any():
        row = int(unknown.argmax())
        raise DataError(
            f"event time {column!r}: row {row + 1:,} has {texts[row].as_py()!r}, which is no ISO 8601 date or time; "
            "write e.g. 2026-03-21T14:00:00"
        )
    return pa.chunked_array([pa.array(moments).cast(pa.timestamp("us", "UTC" if count else None))])


def _moments(texts: "pa.ChunkedArray") -> "np.ndarray":
    """Return texts as times in UTC, naive ones as they stand, in microseconds; NaT for what is no time."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    # Without a year it is none of the words that pandas knows, such as "now".
    dated = pc.if_else(pc.match_substring_regex(texts, _TIME), texts, pa.scalar(None, texts.type))
    parsed = pd.to_datetime(dated.to_pandas().astype("str"), format="ISO8601", utc=True, errors="coerce")
    # In UTC the zone can be taken off and put on again without moving a time.
    moments: np.ndarray = parsed.dt.tz_localize(None).dt.as_unit("us").to_numpy()
    return moments
