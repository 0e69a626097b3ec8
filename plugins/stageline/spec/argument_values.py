"""What an expectation's arguments may hold: kinds, ranges, regular expressions."""

import math
import operator
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from stageline.spec.problems import Problem
from stageline.spec.wording import KeyPath, found

_KINDS = {
    "array": (list, tuple),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "string": str,
}
_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


def value_problems(path: KeyPath, value: object, schema: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield where a value differs from its schema, in the few words of JSON Schema that the catalogue uses.

    :param path: Where the value stands, for the problems.
    """
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [*_KINDS])
    if not any(_is(value, kind) for kind in kinds):
        yield path, f"found {found(value)}, expected {' or '.join(_WORDS[kind] for kind in kinds)}"
    elif isinstance(value, (list, tuple)):
        size = len(value)
        if not schema.get("minItems", size) <= size <= schema.get("maxItems", size):
            yield path, f"found a list of {size}, expected {schema.get('maxItems', 'one or more')} entries"
        for index, entry in enumerate(value):
            yield from value_problems((*path, index), entry, schema.get("items", {}))
    elif isinstance(value, dict):
        yield from _mapping_problems(path, value, schema)
    elif message := _complaint(value, schema):
        yield path, message


def _complaint(value: Any, schema: Mapping[str, Any]) -> str | None:
    """Return what is wrong with text or a number of the right kind."""
    if "enum" in schema and value not in schema["enum"]:
        return f"found {value!r}, allowed: {', '.join(schema['enum'])}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"found {value}, expected a finite number"
    if "pattern" in schema and not value.strip():
        return "found blank text, expected a name"
    for name, beyond, words in (("minimum", operator.lt, "at least"), ("maximum", operator.gt, "at most")):
        if name in schema and beyond(value, schema[name]):
            return f"found {value}, expected {words} {schema[name]}"
    return None


def _mapping_problems(path: KeyPath, value: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Problem]:
    for name in schema.get("required", ()):
        if name not in value:
            yield (*path, name), "missing; it is required"
    for name, entry in value.items():
        if str(name).startswith("$"):
            # A suite parameter is evaluated, a `$ref` is fetched: neither is data.
            yield (*path, name), "a key that begins with $ is not accepted in YAML"
        else:
            yield from value_problems((*path, name), entry, {})


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _KINDS[kind])  # type: ignore[arg-type]


def range_problems(arguments: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield where `min_value` and `max_value` cannot bound anything."""
    limits: list[Any] = []
    for name in ("min_value", "max_value"):
        value = arguments.get(name)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                yield (name,), f"found {found(value)}, expected a number or an ISO 8601 date, e.g. 2026-01-31"
                return
        limits.append(value)
    low, high = limits
    if low is None or high is None:
        return
    try:
        crossed = low > high
    except TypeError:
        yield (
            ("max_value",),
            "min_value and max_value must both be numbers, or both dates with or without an offset",
        )
        return
    if crossed:
        yield ("min_value",), f"{arguments['min_value']} is above max_value = {arguments['max_value']}"


def pattern_problems(arguments: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the regular expressions that do not compile."""
    several = arguments.get("regex_list")
    listed = enumerate(several) if isinstance(several, (list, tuple)) else ()
    patterns: list[tuple[KeyPath, Any]] = [(("regex",), arguments.get("regex"))]
    patterns += [(("regex_list", index), pattern) for index, pattern in listed]
    for path, pattern in patterns:
        if isinstance(pattern, str):
            try:
                re.compile(pattern)
            except (re.error, OverflowError, RecursionError) as error:
                yield path, f"{pattern!r} is not a regular expression: {error}"
