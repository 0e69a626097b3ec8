"""Calendar features of an event time: what a model needs to see the hour, the week, the season and the trend."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

PARTS = ("event_hour", "event_weekday", "event_month", "event_day")
_MICROSECONDS_PER_DAY = 86_400_000_000


def calendar_features(times: "pa.ChunkedArray") -> dict[str, "pa.ChunkedArray"]:
    """Return the parts of a training table's times that tell its rows apart.

    A part that is the same in every row tells nothing and is left out.

    :param times: Timestamps in microseconds.
    """
    return {name: part for name, part in calendar_parts(times).items() if len(part.unique()) > 1}


def calendar_parts(times: "pa.ChunkedArray") -> dict[str, "pa.ChunkedArray"]:
    """Return `event_hour`, `event_weekday` (Monday 0), `event_month` and `event_day` (days since 1970-01-01).

    :param times: Timestamps in microseconds.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    begin = pc.floor_temporal(times, unit="day").cast(pa.int64())
    parts = {
        "event_hour": pc.hour(times),
        "event_weekday": pc.day_of_week(times),
        "event_month": pc.month(times),
        "event_day": pc.divide(begin, _MICROSECONDS_PER_DAY),
    }
    return {name: part.cast(pa.int64()) for name, part in parts.items()}
