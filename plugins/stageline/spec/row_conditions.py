"""Row conditions, in the form Great Expectations writes its own `Column("season") == 1` as a dictionary."""

from collections.abc import Iterator, Mapping
from typing import Any

from stageline.spec.problems import Problem
from stageline.spec.wording import KeyPath, found

GROUPS = ("and", "or")
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN")
_WRITTEN = (
    "expected a condition of great_expectations.expectations.row_conditions, e.g. Column('season') == 1, or its dict()"
)


def as_condition(given: Any) -> Any:
    """Return a condition as a dictionary, whether it came as one or as Great Expectations' own object."""
    return given.dict() if not isinstance(given, (str, Mapping)) and hasattr(given, "dict") else given


def columns_of_condition(condition: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns a condition reads, each once."""
    if condition["type"] in GROUPS:
        parts = [name for part in condition["conditions"] for name in columns_of_condition(part)]
        return tuple(dict.fromkeys(parts))
    return (condition["column"]["name"],)


def condition_problems(path: KeyPath, condition: Any) -> Iterator[Problem]:
    """Yield what is wrong with a condition; a text is refused, because pandas and Spark would run it as code."""
    kind = condition.get("type") if isinstance(condition, Mapping) else None
    if kind not in (*GROUPS, "comparison", "nullity"):
        yield path, f"is {found(condition)}; {_WRITTEN}"
    elif kind in GROUPS:
        parts = condition.get("conditions")
        if not isinstance(parts, (list, tuple)) or not parts:
            yield (*path, "conditions"), f"is {found(parts)}; expected a list of conditions"
            return
        for place, part in enumerate(parts):
            yield from condition_problems((*path, "conditions", place), part)
    else:
        yield from _single_problems(path, condition)


def _single_problems(path: KeyPath, condition: Mapping[str, Any]) -> Iterator[Problem]:
    column = condition.get("column")
    if not isinstance(column, Mapping) or not isinstance(column.get("name"), str):
        yield (*path, "column"), f"is {found(column)}; expected {{'name': …}}"
    if condition["type"] == "nullity":
        if not isinstance(condition.get("is_null"), bool):
            yield (*path, "is_null"), f"is {found(condition.get('is_null'))}; expected true or false"
        return
    operator, parameter = condition.get("operator"), condition.get("parameter")
    if operator not in _OPERATORS:
        yield (*path, "operator"), f"is {found(operator)}; allowed: {', '.join(_OPERATORS)}"
    if parameter is None:
        yield (*path, "parameter"), "is missing; a null is asked for with is_null()"
    if operator in ("IN", "NOT_IN") and not (isinstance(parameter, (list, tuple)) and parameter):
        yield (*path, "parameter"), f"is {found(parameter)}; expected a list of values"
