"""Pydantic's errors in the words of a person who writes YAML: what was found, and what is allowed."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from stageline.spec.models import PipelineSpec
from stageline.spec.problems import CODE, Problem
from stageline.spec.wording import KeyPath, found, nearest, quoted, suggestion

_KINDS = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "float_type": "a number",
    "int_type": "a whole number",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "string_type": "text",
    "time_delta_type": "a duration, e.g. P7D or PT12H",
    "tuple_type": "a list, e.g. [a, b]",
}
_BOUNDS = {
    "greater_than": ("gt", "a number above {}"),
    "greater_than_equal": ("ge", "a number of at least {}"),
    "less_than": ("lt", "a number below {}"),
    "less_than_equal": ("le", "a number of at most {}"),
    "string_too_long": ("max_length", "at most {} characters"),
    "string_too_short": ("min_length", "at least {} character"),
    "too_short": ("min_length", "at least {} entry"),
}


def explain(error: ValidationError, value: Mapping[str, Any]) -> list[Problem]:
    """Return one problem for each thing that is wrong, in the file's own order of sections.

    :param error: What validating `value` as a :class:`PipelineSpec` raised.
    :param value: The data that was validated.
    """
    details = error.errors(include_url=False)
    meant = {(*_place(one, value)[:-1], near) for one in details if (near := _meant(one))}
    problems: dict[KeyPath, list[str]] = {}
    kinds: dict[KeyPath, list[str]] = {}
    for one in details:
        path = _place(one, value)
        if one["type"] in _KINDS:
            # The members of a union fail one by one; together they are what is allowed.
            kinds.setdefault(path, []).append(_KINDS[one["type"]])
            problems[path] = [f"found {found(one['input'])}, expected {' or '.join(kinds[path])}"]
        elif one["type"] == CODE:
            for inner, message in one["ctx"]["problems"]:
                problems.setdefault((*path, *inner), []).append(message)
        elif not _repeats_another(one, path, meant):
            problems.setdefault(path, []).append(_sentence(one))
    return [(path, message) for path, messages in problems.items() for message in messages]


def _place(error: ErrorDetails, value: object) -> KeyPath:
    """Return the error's path without what is not in the file, such as the name of a union's member."""
    path: list[str | int] = []
    for part in error["loc"]:
        if part in value if isinstance(value, dict) else isinstance(value, list):
            value = value[part]  # type: ignore[index]
        elif error["type"] == "missing":
            value = None
        else:
            break
        path.append(part)
    return tuple(path)


def _meant(error: ErrorDetails) -> str | None:
    """Return the key that an unknown one is a misspelling of."""
    if error["type"] != "extra_forbidden":
        return None
    return nearest(str(error["loc"][-1]), _allowed(error["loc"][:-1]))


def _repeats_another(error: ErrorDetails, path: KeyPath, meant: set[KeyPath]) -> bool:
    """Whether a missing key is there, misspelled, or a list is short because of its refused entries."""
    if error["type"] == "missing":
        return path in meant
    return error["type"] == "too_short" and bool(error["input"])


def _sentence(error: ErrorDetails) -> str:
    kind = error["type"]
    if kind == "missing":
        return "missing; it is required"
    if kind == "extra_forbidden":
        return f"unknown key; {suggestion(error['loc'][-1], _allowed(error['loc'][:-1]), label='allowed')}"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return _expected(error)


def _expected(error: ErrorDetails) -> str:
    """Say what was found instead of what the field allows."""
    kind, context, value = error["type"], error.get("ctx", {}), error["input"]
    shown = quoted(value) if isinstance(value, str) else found(value)
    if kind in {"enum", "literal_error"}:
        allowed = re.findall(r"'([^']*)'", context["expected"])
        near = nearest(value, allowed) if isinstance(value, str) else None
        return f"found {shown}, allowed: {', '.join(allowed)}" + (f"; did you mean {near!r}?" if near else "")
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"found {shown}, expected {words.format(context[name])}"
    if kind == "string_pattern_mismatch":
        example = next(iter(_field(error["loc"]).examples or ()), None)
        such_as = f", e.g. {example!r}" if example else ""
        return f"found {shown}, expected text that matches {context['pattern']}{such_as}"
    return f"found {shown}; {error['msg']}"


def _allowed(section: KeyPath) -> tuple[str, ...]:
    return tuple(_section(section).model_fields)


def _field(path: KeyPath) -> FieldInfo:
    return _section(path[:-1]).model_fields[str(path[-1])]


def _section(path: KeyPath) -> type[BaseModel]:
    """Return the model that describes the section at a path."""
    section: type[BaseModel] = PipelineSpec
    for part in path:
        if isinstance(part, str):
            section = next(_models(section.model_fields[part].annotation))
    return section


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
