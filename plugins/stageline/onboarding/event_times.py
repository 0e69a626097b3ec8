"""Which column says when a row happened."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.tables import parse_event_time
from stageline.tables.floats import holds_text
from stageline.tables.wording import shown

if TYPE_CHECKING:
    import pyarrow as pa

_ISO = re.compile(r"\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?\s*")
_LOOKED_AT = 100


@dataclass(frozen=True)
class EventTime:
    """The event time, or the columns that could be it.

    :param column: The chosen column; None if none is.
    :param reason: What the choice rests on.
    :param candidates: Other columns that hold dates or times.
    """

    column: str | None
    reason: str
    candidates: tuple[str, ...]


def find_event_time(table: "pa.Table", target: str, named: str | None) -> EventTime:
    """Return the event time: the one that was named, or the only date or timestamp there is.

    Text that reads as times is a candidate, never chosen: only its owner knows what it means.
    """
    dates = [column for column in table.column_names if column != target and _is_date(table[column])]
    texts = [column for column in table.column_names if column != target and _reads_as_time(table[column])]
    if named is not None:
        others = tuple(column for column in (*dates, *texts) if column != named)
        return EventTime(named, f"as asked for; {_span(table, named)}", others)
    if len(dates) == 1 and _is_usable(table, dates[0]):
        reason = f"the only column of dates or times; {_span(table, dates[0])}"
        return EventTime(dates[0], reason, tuple(texts))
    if not dates and not texts:
        return EventTime(None, "no column holds dates or times", ())
    if len(dates) == 1 and not texts:
        return EventTime(None, f"{shown(dates[0])} has gaps or a single value, so it orders no rows", tuple(dates))
    return EventTime(None, "which of these says when a row happened, only you know", (*dates, *texts))


def _is_date(values: "pa.ChunkedArray") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_date(values.type) or pa.types.is_timestamp(values.type))


def _reads_as_time(values: "pa.ChunkedArray") -> bool:
    if not holds_text(values.type):
        return False
    seen = values.drop_null()[:_LOOKED_AT].to_pylist()
    return bool(seen) and all(_ISO.fullmatch(text) for text in seen)


def _is_usable(table: "pa.Table", column: str) -> bool:
    return table[column].null_count == 0 and len(table[column].unique()) > 1


def _span(table: "pa.Table", column: str) -> str:
    import pyarrow.compute as pc

    try:
        limits = pc.min_max(parse_event_time(table, column)).as_py()
    except (DataError, OverflowError, ValueError):
        # What is wrong with it is said by the check of the whole table.
        return "its values could not be read as times"
    return f"{limits['min']} to {limits['max']}"
