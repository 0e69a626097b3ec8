"""Rules that every row is held to without an expectation: finite, once a key, in the past, of a sane size."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline.quality.checks import as_names
from stageline.quality.wording import are, as_name, as_text
from stageline.tables.event_time import rows_after
from stageline.tables.row_codes import row_codes
from stageline.tables.value_texts import as_texts

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

INFINITE = "SL-Q009"
REPEATED_KEY = "SL-Q010"
IN_FUTURE = "SL-Q011"
OVERSIZED = "SL-Q012"

MOST_CHARACTERS = 100_000


@dataclass(frozen=True)
class RowFinding:
    """Rows that break one rule.

    :param code: The rule's, e.g. `SL-Q009`.
    :param name: Name of its check, e.g. `finite(hum)`; no two findings of a table share one.
    :param columns: The columns it is about.
    :param positions: The rows' positions in the table, ascending, int64, shape (m,).
    :param reason: What is wrong with each of the rows.
    :param sentence: How many rows it is, the first of them, counted from 1, and its value.
    """

    code: str
    name: str
    columns: tuple[str, ...]
    positions: "np.ndarray"
    reason: str
    sentence: str


def find_bad_rows(
    table: "pa.Table",
    *,
    features: Sequence[str],
    keys: Sequence[str],
    event_time: str | None,
    target: str,
    now: datetime,
    private: Collection[str] = (),
) -> list[RowFinding]:
    """Return what the rules find in a table; a row may be in several findings.

    A column that the table does not have has no findings: `require_usable` refuses such a table.

    :param features: Columns the model sees; they and the target must be finite. NaN counts as null.
    :param keys: Columns that together name a row; a row with a null among them has no name.
    :param now: Times after it are in the future, with a time zone; a time without a zone is, if it lies ahead on
        every clock on Earth.
    :param private: Columns whose values stand in no sentence.
    :raises DataError: Keys repeat, and a column has a type whose values cannot be compared.
    """
    known = set(table.column_names)
    finite = [column for column in dict.fromkeys([*features, target]) if column in known]
    return [
        *_infinite(table, finite, private),
        *(_repeated(table, keys, private) if keys and known.issuperset(keys) else ()),
        *(_in_future(table, event_time, now, private) if event_time and event_time in known else ()),
        *_oversized(table, private),
    ]


def _infinite(table: "pa.Table", columns: Sequence[str], private: Collection[str]) -> Iterator[RowFinding]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in columns:
        values = table[column]
        if not pa.types.is_floating(values.type):
            continue
        wide = values.cast(pa.float32()) if pa.types.is_float16(values.type) else values
        at = np.flatnonzero(pc.is_inf(wide).fill_null(False))
        if len(at):
            found = f"{_count(at, table, 'values')} infinite, {_first(at, values, hidden=column in private)}"
            yield RowFinding(
                INFINITE, f"finite({as_name(column)})", (column,), at,
                f"{as_name(column)} is infinite", f"{as_name(column)}: {found}",
            )  # fmt: skip


def _repeated(table: "pa.Table", keys: Sequence[str], private: Collection[str]) -> Iterator[RowFinding]:
    import numpy as np

    named = np.logical_and.reduce([_has_value(table[key]) for key in keys])
    codes = np.where(named, row_codes(table.select(list(keys))), -1)
    _, key_of_row, uses = np.unique(codes, return_inverse=True, return_counts=True)
    suspects = np.flatnonzero(named & (uses[key_of_row] > 1))
    if not len(suspects):
        return
    _, group = np.unique(key_of_row[suspects], return_inverse=True)
    contents = row_codes(table.take(suspects))
    # The first row of each key: all others of the key either hold the same, or nobody knows which is right.
    _, first = np.unique(group, return_index=True)
    differs = np.zeros(len(first), dtype=bool)
    np.logical_or.at(differs, group, contents != contents[first][group])
    is_first = np.zeros(len(suspects), dtype=bool)
    is_first[first] = True
    shown = as_names(keys)
    other = f"its key ({shown}) stands for other rows too"
    for name, chosen, what, reason in (
        ("no_copies", ~differs[group] & ~is_first, "copies of an earlier row", "the row is a copy of an earlier one"),
        (
            "unique_key",
            differs[group],
            "of a key that stands for different rows",
            other,
        ),
    ):
        at = suspects[chosen]
        if len(at):
            words = what.replace("copies", "a copy") if len(at) == 1 else what
            found = f"{_count(at, table, 'rows')} {words}, first in row {at[0] + 1:,}"
            if set(keys).isdisjoint(private):
                found += f": {', '.join(_value(table[key], at[0]) for key in keys)}"
            yield RowFinding(REPEATED_KEY, f"{name}({shown})", tuple(keys), at, reason, f"{shown}: {found}")


def _in_future(table: "pa.Table", column: str, now: datetime, private: Collection[str]) -> Iterator[RowFinding]:
    at = rows_after(table[column], now)
    if len(at):
        first = _first(at, table[column], hidden=column in private)
        found = f"{_count(at, table, 'times')} in the future (after {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC), {first}"
        yield RowFinding(
            IN_FUTURE, f"not_in_future({as_name(column)})", (column,), at,
            f"{as_name(column)} is in the future", f"{as_name(column)}: {found}",
        )  # fmt: skip


def _oversized(table: "pa.Table", private: Collection[str]) -> Iterator[RowFinding]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    for column in table.column_names:
        values = table[column]
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if pa.types.is_string_view(values.type):
            values = values.cast(pa.large_string())
        if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
            continue
        # A text has at least as many bytes as characters, and bytes are counted at once.
        if (pc.max(pc.binary_length(values)).as_py() or 0) <= MOST_CHARACTERS:
            continue
        lengths = pc.utf8_length(values)
        at = np.flatnonzero(pc.greater(lengths, MOST_CHARACTERS).fill_null(False))
        if len(at):
            most = f"longer than {MOST_CHARACTERS:,} characters"
            found = f"{_count(at, table, 'texts')} {most}, the longest has {pc.max(lengths).as_py():,}"
            found += f", {_first(at, values, hidden=column in private)}"
            yield RowFinding(
                OVERSIZED, f"text_length({as_name(column)})", (column,), at,
                f"{as_name(column)} is {most}", f"{as_name(column)}: {found}",
            )  # fmt: skip


def _has_value(values: "pa.ChunkedArray") -> "np.ndarray":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    nan = pa.types.is_floating(values.type) and not pa.types.is_float16(values.type)
    return np.asarray(pc.invert(values.is_null(nan_is_null=nan)))


def _count(at: "np.ndarray", table: "pa.Table", unit: str) -> str:
    return f"{len(at):,} of {table.num_rows:,} {unit} {are(len(at))}"


def _first(at: "np.ndarray", values: "pa.ChunkedArray", *, hidden: bool) -> str:
    return f"first in row {at[0] + 1:,}" + ("" if hidden else f": {_value(values, at[0])}")


def _value(values: "pa.ChunkedArray", position: "np.integer[Any]") -> str:
    import pyarrow as pa

    row = int(position)
    if pa.types.is_temporal(values.type):
        # It may lie where Python knows no time.
        return str(as_texts(values.slice(row, 1).combine_chunks(), "")[0])
    return as_text(values[row].as_py())
