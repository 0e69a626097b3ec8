"""Propose expectations that a table itself supports, each with what in the data it rests on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.quality.columns import nearest_column, require_distinct_names
from stageline.quality.domain import limits_of, stable_members
from stageline.spec.models import Expectation
from stageline.verdicts import Severity

if TYPE_CHECKING:
    import pandas as pd

# Fewer values say too little about the ones to come.
_MIN_VALUES = 30


@dataclass(frozen=True)
class ProposedExpectation:
    """An expectation, and a short comment on what in the data it rests on."""

    expectation: Expectation
    support: str


def propose_expectations(
    frame: "pd.DataFrame",
    *,
    keys: Sequence[str],
    event_time: str | None,
    target: str | None,
    exclude: Iterable[str] = (),
) -> list[ProposedExpectation]:
    """Propose at most three expectations a column and a few about the table. The table itself fulfils them.

    The table's own come first, then the columns in their order.

    :param keys: Columns that together name a row.
    :param exclude: Columns that get no expectation of their own.
    :raises DataError: A declared column does not exist, or a name is blank or occurs twice.
    """
    require_distinct_names(frame)
    if any(not column.strip() for column in frame.columns):
        raise DataError("a column has a blank name, which no expectation can name; rename the column")
    roles = dict.fromkeys(keys, "a key")
    roles |= {event_time: "the event time"} if event_time else {}
    roles |= {target: "the target"} if target else {}
    for column, role in roles.items():
        if column not in frame.columns:
            near = nearest_column(column, frame.columns)
            hint = f"did you mean {near!r}?" if near else "name one of the table's columns"
            raise DataError(f"column {column!r} is declared as {role}, but the table has no such column; {hint}")
    if frame.empty:
        return []
    skipped = set(exclude)
    proposals = list(_about_table(frame, keys, skipped))
    for column in frame.columns:
        if column not in skipped:
            proposals += _about_column(frame[column], roles.get(column), alone=list(keys) == [column])
    return proposals


def _about_table(frame: "pd.DataFrame", keys: Sequence[str], skipped: set[str]) -> Iterator[ProposedExpectation]:
    rows = len(frame)
    read = [column for column in frame.columns if column not in skipped]
    if read:
        yield _propose(
            "expect_table_columns_to_match_set", Severity.CRITICAL,
            f"the {len(read)} columns seen; critical: a pipeline cannot go on without one of them",
            column_set=read, exact_match=False,
        )  # fmt: skip
    yield _propose(
        "expect_table_columns_to_match_set", Severity.WARNING,
        f"the {len(frame.columns)} columns seen; warning: a new column is news, not a fault",
        column_set=[*frame.columns], exact_match=True,
    )  # fmt: skip
    yield _propose(
        "expect_table_row_count_to_be_between", Severity.WARNING,
        f"seen {rows:,} rows; half of them to double; warning: refresh it where the table grows",
        min_value=max(rows // 2, 1), max_value=2 * rows,
    )  # fmt: skip
    if len(keys) > 1 and _are_unique(frame[list(keys)]):
        yield _propose(
            "expect_compound_columns_to_be_unique", Severity.CRITICAL,
            f"unique on all {rows:,} rows; critical: together they name a row",
            column_list=[*keys],
        )  # fmt: skip


def _about_column(series: "pd.Series[Any]", role: str | None, *, alone: bool) -> Iterator[ProposedExpectation]:
    column, values = str(series.name), series.dropna()
    reason = f"critical: it is {role}" if role else "warning: a gap is unusual, not wrong"
    if len(values) == len(series):
        yield _propose(
            "expect_column_values_to_not_be_null", Severity.CRITICAL if role else Severity.WARNING,
            f"no null in {len(series):,} rows; {reason}", column=column,
        )  # fmt: skip
    if role in ("a key", "the event time"):
        if alone and not values.empty and _are_unique(values):
            yield _propose(
                "expect_column_values_to_be_unique", Severity.CRITICAL,
                f"unique on all {len(values):,} rows; {reason}", column=column,
            )  # fmt: skip
        # New rows bring new keys and later times: their values say nothing about the next ones.
        return
    if len(values) < _MIN_VALUES:
        return
    yield from _about_values(column, values, role)


def _about_values(column: str, values: "pd.Series[Any]", role: str | None) -> Iterator[ProposedExpectation]:
    members = stable_members(values)
    if members is not None:
        seen = f"the {len(members)} values seen" if len(members) > 1 else "the one value seen"
        classes = role == "the target" and (len(members) == 2 or not _is_number(members[0]))  # noqa: PLR2004
        reason = "critical: a class never seen cannot be learned" if classes else "warning: a new value is unusual"
        yield _propose(
            "expect_column_values_to_be_in_set", Severity.CRITICAL if classes else Severity.WARNING,
            f"{seen} in both halves of {len(values):,} rows; {reason}",
            column=column, value_set=members,
        )  # fmt: skip
        return
    limits = limits_of(values)
    if limits is not None:
        low, high, support = limits
        yield _propose(
            "expect_column_values_to_be_between", Severity.WARNING,
            f"{support}; warning: a value beyond is unusual, not impossible",
            column=column, min_value=low, max_value=high,
        )  # fmt: skip


def _are_unique(values: "pd.Series[Any] | pd.DataFrame") -> bool:
    try:
        return not bool(values.duplicated().any())
    except TypeError:  # lists and dicts cannot be hashed
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _propose(kind: str, severity: Severity, support: str, **arguments: Any) -> ProposedExpectation:
    expectation = Expectation.model_validate({"type": kind, "severity": severity, **arguments})
    return ProposedExpectation(expectation=expectation, support=support)
