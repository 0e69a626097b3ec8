"""How values, counts and limits read in a check's message."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

_EXAMPLE_LENGTH = 80
_LISTED = 10


def shorten(text: str, length: int = _EXAMPLE_LENGTH) -> str:
    """Return the text on one line, cut at a length."""
    line = text if text.isprintable() else " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"


def as_name(column: str) -> str:
    """Return a column's name as it stands in a message; one that would hide or break a line is quoted."""
    visible = column.isprintable() and column == column.strip() and column
    return shorten(column if visible else repr(column))


def as_text(value: Any) -> str:
    """Return a value as it stands in a message: numbers bare, text quoted, at most 80 characters."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, str):
        # A megabyte of text is cut before it is quoted.
        return shorten(repr(value[: _EXAMPLE_LENGTH + 1]))
    if isinstance(value, Mapping):
        return shorten(f"({', '.join(as_text(part) for part in value.values())})")
    if isinstance(value, (list, tuple)):
        return shorten(f"({', '.join(as_text(part) for part in value[:_EXAMPLE_LENGTH])})")
    return shorten(str(value))


def as_measured(value: Any, arguments: Mapping[str, Any]) -> str:
    """Return a computed value with six digits, or in full where these would make it equal to a limit."""
    if not isinstance(value, float) or not math.isfinite(value):
        return as_text(value)
    rounded = float(f"{value:.6g}")
    limits = (arguments.get("min_value"), arguments.get("max_value"), arguments.get("value"))
    return as_text(float(value) if rounded in limits else rounded)


def as_list(values: Iterable[Any]) -> str:
    """Return the first ten values, and how many more there are."""
    known = list(values)
    listed = ", ".join(as_text(value) for value in known[:_LISTED])
    more = len(known) - _LISTED
    return f"{listed} and {more:,} more" if more > 0 else listed


def as_condition(condition: Mapping[str, Any]) -> str:
    """Return a row condition as it stands in a message, e.g. `season == 1 and hum is null`."""
    if "conditions" in condition:
        parts = [as_condition(part) for part in condition["conditions"]]
        grouped = [f"({part})" if " or " in part else part for part in parts]
        return f" {condition['type']} ".join(grouped)
    name = as_name(condition["column"]["name"])
    if condition["type"] == "nullity":
        return f"{name} is {'' if condition['is_null'] else 'not '}null"
    given = condition["parameter"]
    if condition["operator"] in ("IN", "NOT_IN"):
        return f"{name} {condition['operator'].lower().replace('_', ' ')} ({as_list(given)})"
    return f"{name} {condition['operator']} {as_text(given)}"


def are(count: int) -> str:
    """Return the verb that follows a count."""
    return "is" if count == 1 else "are"


def as_percent(percent: float) -> str:
    """Return a percentage with at most two decimals; a small one is never shown as none at all."""
    if 0 < percent < 0.01:  # noqa: PLR2004 - the smallest number that two decimals show
        return "less than 0.01 %"
    return f"{round(percent, 2):g} %" if percent < 100 else "100 %"  # noqa: PLR2004 - percent


def as_json(value: Any) -> Any:
    """Return a value as JSON holds it: a number that is not finite, and any other type, as text."""
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): as_json(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(part) for part in value]
    return str(value)


def outside(arguments: Mapping[str, Any]) -> str:
    """Say what is wrong with a value beyond `min_value` and `max_value`."""
    least, most = arguments.get("min_value"), arguments.get("max_value")
    if least is not None and most is not None:
        strict = arguments.get("strict_min") or arguments.get("strict_max")
        return f"outside {as_text(least)} to {as_text(most)}{' (bounds excluded)' if strict else ''}"
    if least is not None:
        return f"{'not above' if arguments.get('strict_min') else 'below'} {as_text(least)}"
    return f"{'not below' if arguments.get('strict_max') else 'above'} {as_text(most)}"


def expected(arguments: Mapping[str, Any]) -> str:
    """Say which number between `min_value` and `max_value`, or equal to `value`, is expected."""
    if "value" in arguments:
        return as_text(arguments["value"])
    least, most = arguments.get("min_value"), arguments.get("max_value")
    if least is not None and most is not None:
        return f"{as_text(least)} to {as_text(most)}"
    if least is not None:
        return f"{'more than' if arguments.get('strict_min') else 'at least'} {as_text(least)}"
    return f"{'less than' if arguments.get('strict_max') else 'at most'} {as_text(most)}"
