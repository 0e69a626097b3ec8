"""Arguments of an expectation as values of the kind their column holds, so that every engine compares alike."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from stageline.exceptions import DataError
from stageline.quality.engines.kinds import MOMENTS, NUMBERS, Column, Kind
from stageline.quality.wording import as_text
from stageline.spec.row_conditions import GROUPS

_LIMITS = ("min_value", "max_value")
# These count or compute a number, whatever the column holds.
_ABOUT_NUMBERS = frozenset(
    {
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_value_lengths_to_be_between",
    }
)


def with_typed_values(expectation: str, arguments: Mapping[str, Any], columns: Sequence[Column]) -> dict[str, Any]:
    """Return the arguments with limits and sets of values as values of the columns' kinds.

    Times are compared in UTC: an ISO 8601 text without an offset is read as UTC.

    :param columns: The columns the expectation names, in the order of its arguments.
    :raises DataError: A limit, or a whole set, can never equal what the column holds.
    """
    typed = dict(arguments)
    if len(columns) == 1 and expectation not in _ABOUT_NUMBERS:
        for key in _LIMITS:
            if typed.get(key) is not None:
                typed[key] = _limit(key, typed[key], columns[0])
    if len(columns) == 1 and typed.get("value_set"):
        typed["value_set"] = _members("value_set", typed["value_set"], columns[0])
    if len(columns) > 1 and typed.get("value_pairs_set"):
        typed["value_pairs_set"] = _pairs(typed["value_pairs_set"], columns)
    return typed


def with_typed_parameters(condition: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    """Return a row condition with neutral names, and parameters as values of the columns' kinds.

    :param columns: The table's columns by their own names.
    :raises DataError: A column does not exist, or cannot be compared with its parameter.
    """
    if condition["type"] in GROUPS:
        parts = [with_typed_parameters(part, columns) for part in condition["conditions"]]
        return {"type": condition["type"], "conditions": parts}
    name = condition["column"]["name"]
    if name not in columns:
        raise DataError(f"row_condition: the table has no column {name!r}")
    column = columns[name]
    typed = {**condition, "column": {"name": column.shown}}
    if condition["type"] == "comparison":
        typed["parameter"] = _parameter(condition["operator"], condition["parameter"], column)
    return typed


def _parameter(operator: str, value: Any, column: Column) -> Any:
    if operator in ("IN", "NOT_IN"):
        if column.kind in MOMENTS:
            raise DataError(
                f"row_condition: {operator} of {column.name!r}, which holds {column.kind}; compare with <= and >="
            )
        return _members("row_condition", value, column)
    typed = _as_value(value, column.kind)
    if typed is None:
        raise DataError(
            f"row_condition: {as_text(value)} cannot be compared with {column.name!r}, which holds {column.kind}"
        )
    return typed


def _limit(key: str, value: Any, column: Column) -> Any:
    if column.kind in (Kind.BOOLEAN, Kind.OTHER, Kind.NOTHING):
        return value
    typed = _as_value(value, column.kind)
    if typed is None:
        raise DataError(f"{key} {as_text(value)} cannot be compared with {column.name!r}, which holds {column.kind}")
    return typed


def _members(key: str, values: Iterable[Any], column: Column) -> list[Any]:
    """Return the values that the column can hold at all, each once."""
    given = list(values)
    typed = [_as_value(value, column.kind) for value in given]
    members = list(dict.fromkeys(value for value in typed if value is not None))
    if not members:
        raise DataError(f"no value of {key} can equal one of {column.name!r}, which holds {column.kind}")
    return members


def _pairs(pairs: Iterable[Sequence[Any]], columns: Sequence[Column]) -> list[tuple[Any, Any]]:
    typed = []
    for left, right in pairs:
        pair = _as_value(left, columns[0].kind), _as_value(right, columns[1].kind)
        # A null is a member; a value that the column cannot hold is none.
        if (pair[0] is None) == (left is None) and (pair[1] is None) == (right is None):
            typed.append(pair)
    if not typed:
        held = " and ".join(f"{column.name!r} ({column.kind})" for column in columns)
        raise DataError(f"no pair of value_pairs_set can equal one of {held}")
    return typed


def _as_value(value: Any, kind: Kind) -> Any:
    """Return a value as one of a kind, or none if no value of the kind can equal it."""
    if kind is Kind.TEXT:
        return value if isinstance(value, str) else None
    if kind is Kind.BOOLEAN:
        return bool(value) if isinstance(value, (bool, int, float)) and value in (0, 1) else None
    if kind in NUMBERS:
        number = int(value) if isinstance(value, bool) else value
        return number if isinstance(number, (int, float)) else None
    return _as_moment(value) if kind in MOMENTS else value


def _as_moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    return datetime.combine(value, time()) if isinstance(value, date) else None
