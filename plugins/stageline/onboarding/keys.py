"""Which columns name a row."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stageline.tables.floats import holds_text
from stageline.tables.wording import shown

if TYPE_CHECKING:
    import pyarrow as pa

_NAMED_LIKE_AN_ID = re.compile(
    r"(.*[_\s.-])?(id|ids|uuid|guid|key|pk|nr|no|number|index|idx|instant|rowid|row|rownum)|id[_\s.-].*|.*[a-z]I[dD]",
    re.DOTALL,
)
_LONGEST_KEY = 64


@dataclass(frozen=True)
class Keys:
    """The columns that together name a row.

    :param reason: What the choice rests on.
    :param spare: Further columns that name rows and so say nothing to a model, with the reason.
    """

    columns: tuple[str, ...]
    reason: str
    spare: dict[str, str] = field(default_factory=dict)


def find_keys(table: "pa.Table", columns: Sequence[str], event_time: str | None) -> Keys:
    """Return the key: one column that names rows, the event time, or an id together with the event time.

    A measured number that happens to be different in every row is no key.

    :param columns: The columns to choose from.
    """
    rows = table.num_rows
    unique = [
        column
        for column in columns
        if column != event_time and _may_name_rows(table[column]) and len(table[column].unique()) == rows
    ]
    ranks = {column: rank for column in unique if (rank := _rank(column, table[column])) is not None}
    if ranks:
        key = min(ranks, key=lambda column: (ranks[column], columns.index(column)))
        spare = {
            column: f"it is different in all {rows:,} rows: it names rows, as {shown(key)} does"
            for column in ranks
            if column != key
        }
        return Keys((key,), f"{shown(key)} is different in all {rows:,} rows and never null", spare)
    if event_time is None or table[event_time].null_count:
        return Keys((), "no column is different in every row, never null and more than a measured number")
    if len(table[event_time].unique()) == rows:
        return Keys((event_time,), f"{shown(event_time)} is different in all {rows:,} rows")
    for column in columns:
        if (
            column != event_time
            and _NAMED_LIKE_AN_ID.fullmatch(column)
            and _may_name_rows(table[column])
            and table.group_by([column, event_time]).aggregate([]).num_rows == rows
        ):
            reason = (
                f"{shown(column)} and {shown(event_time)} together are different in all {rows:,} rows; "
                f"as a key, {shown(column)} is no feature"
            )
            return Keys((column, event_time), reason)
    return Keys((), "no column, alone or as an id with the event time, is different in every row")


def _may_name_rows(values: "pa.ChunkedArray") -> bool:
    import pyarrow as pa

    return values.null_count == 0 and (pa.types.is_integer(values.type) or holds_text(values.type))


def _rank(column: str, values: "pa.ChunkedArray") -> int | None:
    """Return how much a column of unique values looks like a key, 0 the most; None if it does not."""
    import pyarrow.compute as pc

    if holds_text(values.type):
        longest = pc.max(pc.utf8_length(values)).as_py()
        spaced = pc.any(pc.match_substring_regex(values, r"\s")).as_py()
        if spaced or longest > _LONGEST_KEY:
            return None
        return 0 if _NAMED_LIKE_AN_ID.fullmatch(column) else 2
    if _NAMED_LIKE_AN_ID.fullmatch(column):
        return 0
    limits = pc.min_max(values).as_py()
    return 1 if limits["max"] - limits["min"] == len(values) - 1 else None
