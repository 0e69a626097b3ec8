"""Propose expectations that a table itself supports, each with what in the data it rests on."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.quality.columns import nearest_column, require_distinct_names
from stageline.quality.proposals.averages import about_averages
from stageline.quality.proposals.column_values import LEAST_VALUES, ColumnValues, Role, look_at, without_values
from stageline.quality.proposals.freshness import notes_on_time
from stageline.quality.proposals.members import about_members
from stageline.quality.proposals.nulls import about_nulls
from stageline.quality.proposals.orders import about_orders
from stageline.quality.proposals.patterns import about_pattern
from stageline.quality.proposals.proposal import Proposals, ProposedExpectation
from stageline.quality.proposals.ranges import about_range
from stageline.quality.proposals.row_order import order_rows
from stageline.quality.proposals.sums import about_constant_sums, find_sums, notes_on_sums
from stageline.quality.proposals.uniqueness import about_even_times, about_keys, about_names
from stageline.quality.proposals.whole_table import about_columns, about_rows

if TYPE_CHECKING:
    import pandas as pd


def propose_expectations(
    frame: "pd.DataFrame",
    *,
    keys: Sequence[str],
    event_time: str | None,
    target: str | None,
    exclude: Iterable[str] = (),
    private: Collection[str] = (),
) -> list[ProposedExpectation]:
    """Propose a few expectations a column and a few about the table. The table itself fulfils them.

    As :func:`propose_with_notes`, whose parameters it has.
    """
    found = propose_with_notes(
        frame, keys=keys, event_time=event_time, target=target, exclude=exclude, private=private
    )  # fmt: skip
    return list(found.expectations)


def propose_with_notes(
    frame: "pd.DataFrame",
    *,
    keys: Sequence[str],
    event_time: str | None,
    target: str | None,
    exclude: Iterable[str] = (),
    private: Collection[str] = (),
    age_watched: bool = False,
) -> Proposals:
    """Propose a few expectations a column and a few about the table, and note what cannot be one.

    The table itself fulfils them. Critical is what the data are of no use without: the columns, keys, times and
    target, and the target's classes. All else warns.

    :param keys: Columns that together name a row.
    :param event_time: Column whose order shows what is steady over time.
    :param exclude: Columns that get no expectation of their own.
    :param private: Columns whose values stand in no proposal: only what is missing or repeated is looked at.
    :param age_watched: Whether the pipeline declares how old the newest row may be.
    :raises DataError: A declared column does not exist, or a name is blank or occurs twice.
    """
    require_distinct_names(frame)
    if any(not column.strip() for column in frame.columns):
        raise DataError("a column has a blank name, which no expectation can name; rename the column")
    roles = _roles(frame, keys, event_time, target)
    if frame.empty:
        return Proposals((), ())
    skipped = set(exclude) - roles.keys()
    read = [column for column in frame.columns if column not in skipped]
    order = order_rows(frame, event_time)
    proposals = [*about_columns(list(frame.columns), read), *about_rows(len(frame), order), *about_keys(frame, keys)]
    shown: list[ColumnValues] = []
    for name in read:
        column = look_at(frame[name], order, roles.get(name))
        hidden = name in private
        proposals += _about_column(without_values(column) if hidden else column)
        if name == event_time and [*keys] != [name]:
            proposals += about_even_times(column, order)
        if not hidden and not (name in keys and column.is_number):
            shown.append(column)
    sums = find_sums(shown)
    proposals += [*about_orders(shown), *about_constant_sums(sums)]
    notes = [*notes_on_sums(sums)]
    if event_time is not None:
        notes = [*notes_on_time(event_time, order, watched=age_watched, private=event_time in private), *notes]
    return Proposals(tuple(proposals), tuple(notes))


def _roles(frame: "pd.DataFrame", keys: Sequence[str], event_time: str | None, target: str | None) -> dict[str, Role]:
    """Return what the declared columns are for."""
    roles: dict[str, Role] = dict.fromkeys(keys, "a key")
    roles |= {event_time: "the event time"} if event_time else {}
    roles |= {target: "the target"} if target else {}
    for column, role in roles.items():
        if column not in frame.columns:
            near = nearest_column(column, frame.columns)
            hint = f"did you mean {near!r}?" if near else "name one of the table's columns"
            raise DataError(f"column {column!r} is declared as {role}, but the table has no such column; {hint}")
    return roles


def _about_column(column: ColumnValues) -> Iterator[ProposedExpectation]:
    yield from about_nulls(column)
    if len(column.known) < LEAST_VALUES:
        return
    names = [*about_names(column)]
    if names or column.role in ("a key", "the event time"):
        # New rows bring new names and later times: only their shape says something about the next ones.
        yield from [*names, *about_pattern(column)]
        return
    yield from [*about_members(column)] or [*about_pattern(column)] or [*about_range(column)]
    yield from about_averages(column)
