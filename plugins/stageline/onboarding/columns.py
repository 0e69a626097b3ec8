"""What each column of a table is for a pipeline: event time, key, feature, or nothing a model can use."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.features import SPLIT
from stageline.onboarding.event_times import find_event_time
from stageline.onboarding.keys import find_keys
from stageline.tables.floats import holds_numbers, holds_text
from stageline.tables.wording import nearest, printable, shown

if TYPE_CHECKING:
    import pyarrow as pa

# Text in which most values occur once is a name or prose: one value says nothing about another row.
MAX_DISTINCT_SHARE = 0.5
MIN_DISTINCT = 20
_EXACT_IN_FLOAT = 2**53
_SHOWN_LETTERS = 30


@dataclass(frozen=True)
class ColumnRoles:
    """What the columns are for, each with what in the data that rests on.

    :param event_time_reason: Why this event time, or why none.
    :param time_candidates: Columns that could be the event time, where none was chosen.
    :param keys_reason: Why these keys, or why none.
    :param excluded: Columns no estimator can use, with the reason.
    """

    event_time: str | None
    event_time_reason: str
    time_candidates: tuple[str, ...]
    keys: tuple[str, ...]
    keys_reason: str
    excluded: dict[str, str] = field(default_factory=dict)


def find_roles(table: "pa.Table", target: str, event_time: str | None) -> ColumnRoles:
    """Return what each column is for.

    :param event_time: The column the user named, if any.
    :raises DataError: The target or the event time is not a column, or they are the same one.
    """
    _require_column(table, target, "target")
    if event_time is not None:
        _require_column(table, event_time, "event time")
        if event_time == target:
            raise DataError(f"column {target!r} is named as target and as event time; it can only be one of them")
    time = find_event_time(table, target, event_time)
    excluded: dict[str, str] = {}
    # A snapshot keeps one of two names that differ only in case: target and event time go first.
    kept = {name.lower(): name for name in (target, time.column) if name is not None}
    for column in table.column_names:
        if column in (target, time.column):
            continue
        if reason := _useless(table[column], column):
            excluded[column] = reason
        elif (twin := kept.setdefault(column.lower(), column)) != column:
            excluded[column] = f"its name differs from {twin!r} only in case"
    others = [
        column
        for column in table.column_names
        if column != target and column not in excluded and column not in time.candidates
    ]
    keys = find_keys(table, others, time.column)
    # An identifier above 2^53 is a fine key, though no feature.
    large = {
        column: reason for column in others if column not in keys.columns and (reason := _too_large(table[column]))
    }
    for column in time.candidates:
        excluded.setdefault(column, "it says when something was; name it as source.event_time, or leave it out")
    excluded |= large | {column: reason for column, reason in keys.spare.items() if column not in large}
    texts = [column for column in others if column not in (*keys.columns, time.column) and column not in excluded]
    for column in texts:
        if reason := _too_many_texts(table[column]):
            excluded[column] = reason
    return ColumnRoles(
        event_time=time.column,
        event_time_reason=time.reason,
        time_candidates=time.candidates,
        keys=keys.columns,
        keys_reason=keys.reason,
        excluded={column: excluded[column] for column in table.column_names if column in excluded},
    )


def _require_column(table: "pa.Table", column: str, role: str) -> None:
    known = table.column_names
    if column not in known:
        near = nearest(column, known)
        listed = ", ".join(map(shown, known[:20])) + (", …" if len(known) > 20 else "")  # noqa: PLR2004 - one line
        hint = f"did you mean {near!r}?" if near else f"the table has {listed}"
        raise DataError(f"{role} {column!r} is not a column of the table; {hint}")


def _useless(values: "pa.ChunkedArray", column: str) -> str | None:
    """Return why no estimator can use the column, whatever else it may be."""
    import pyarrow as pa

    kind = values.type
    if values.null_count == len(values):
        return f"it is null in all {len(values):,} rows"
    if column == SPLIT:
        return "it has the name of Stageline's own column"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return None
    if not (holds_numbers(kind) or holds_text(kind)):
        return f"no estimator takes type {_cut(str(kind))}"
    return _useless_values(values)


def _useless_values(values: "pa.ChunkedArray") -> str | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(values)
    if not values.null_count and len(values.unique()) == 1:
        return f"it is the same in all {rows:,} rows: {_cut(str(values[0].as_py()))}"
    if not pa.types.is_floating(values.type):
        return None
    bad = pc.sum(pc.invert(pc.is_finite(values.drop_null()))).as_py()
    return f"{bad:,} of {rows:,} values are not finite; mend the source to use it" if bad else None


def _cut(text: str) -> str:
    text = printable(text[: _SHOWN_LETTERS + 1])
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"


def _too_large(values: "pa.ChunkedArray") -> str | None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(values.type):
        return None
    limits = pc.min_max(values).as_py()
    largest = max(abs(limits["min"]), abs(limits["max"]))
    if largest <= _EXACT_IN_FLOAT:
        return None
    return f"it holds {largest:,}, above 2^53: as a number it would lose digits"


def _too_many_texts(values: "pa.ChunkedArray") -> str | None:
    if not holds_text(values.type):
        return None
    distinct, known = len(values.drop_null().unique()), len(values) - values.null_count
    if distinct < MIN_DISTINCT or distinct <= MAX_DISTINCT_SHARE * known:
        return None
    return f"text with {distinct:,} different values in {known:,} rows: a name or prose, not a category"
