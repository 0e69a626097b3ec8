"""Which Great Expectations expectations a spec may name, and what is refused in their arguments."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from stageline.spec.argument_values import pattern_problems, range_problems, value_problems
from stageline.spec.problems import Problem
from stageline.spec.row_conditions import condition_problems
from stageline.spec.wording import found, nearest, quoted, suggestion

NOT_BLANK = r"\S"
CATALOGUE = Path(__file__).with_name("expectation_types.json")

QUERY = "unexpected_rows_expectation"
QUERY_ARGUMENT = "unexpected_rows_query"
CONDITION = "row_condition"

# Measured: row conditions ran `os.system`, query expectations ran SQL against other tables.
_DATABASE_ONLY = "it runs only inside a database; use a regex expectation"
REFUSED = {
    "expect_column_values_to_match_like_pattern": _DATABASE_ONLY,
    "expect_column_values_to_match_like_pattern_list": _DATABASE_ONLY,
    "expect_column_values_to_not_match_like_pattern": _DATABASE_ONLY,
    "expect_column_values_to_not_match_like_pattern_list": _DATABASE_ONLY,
    "expect_query_results_to_match_comparison": "it reads outside the source",
    "expect_table_row_count_to_equal_other_table": "it reads outside the source",
    QUERY: "it runs free SQL; available from Python only",
}
NOT_IN_YAML = frozenset(
    {"batch_id", "catch_exceptions", "condition_parser", "id", "meta", "rendered_content", "result_format",
     CONDITION, "windows"}
)  # fmt: skip
_NOT_ABOUT_ROWS = ("expect_table_column", "expect_column_to_exist")

_RANGE = frozenset({"min_value", "max_value", "strict_min", "strict_max"})
_NOT_ARGUMENTS = NOT_IN_YAML | {"severity", "description", "notes", "library_metadata"}
_COLUMNS = frozenset({"column", "column_A", "column_B"})
# Great Expectations lets these be left out, and then passes whatever the data is.
_NEVER_LEFT_OUT = frozenset({"column_list", "column_set", "partition_object", "regex", "threshold", "type_list"})
_PLAIN: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (float,),
    "string": (str, date),
    "array": (list, set, tuple, Sequence),
    "object": (dict,),
}


@cache
def catalogue() -> Mapping[str, Any]:
    """Return the pinned catalogue: per expectation the JSON Schema of its arguments."""
    known: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return known


def check_expectation(type_: str, arguments: Mapping[str, Any]) -> None:
    """Refuse an expectation that Great Expectations would not accept, that checks nothing, or that runs code.

    :raises ValueError: With the argument, what was found and the nearest known name.
    """
    problems = [": ".join([*map(str, path), message]) for path, message in expectation_problems(type_, arguments)]
    if problems:
        raise ValueError("; ".join(problems))


def python_expectation_problems(type_: str, arguments: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with an expectation of somebody who may run code here anyway."""
    if CONDITION in arguments:
        if type_ in REFUSED or type_.startswith(_NOT_ABOUT_ROWS):
            yield (CONDITION,), f"{type_} is about no rows that it could choose among; leave it out"
        yield from condition_problems((CONDITION,), arguments[CONDITION])
    others = {name: value for name, value in arguments.items() if name != CONDITION}
    yield from _query_problems(others) if type_ == QUERY else expectation_problems(type_, others)


def expectation_problems(type_: str, arguments: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with an expectation, each with the key it is about."""
    if type_ in REFUSED:
        yield ("type",), f"{type_!r} is not accepted here: {REFUSED[type_]}"
        return
    if type_ not in catalogue():
        near = nearest(type_, catalogue())
        hint = f"did you mean {near!r}?" if near else "the names are Great Expectations' own, expect_…"
        yield ("type",), f"unknown expectation {quoted(type_)}; {hint}"
        return
    schema = catalogue()[type_]
    allowed = schema["properties"]
    for name, value in arguments.items():
        if name in NOT_IN_YAML:
            yield (
                (name,),
                (
                    "not accepted in YAML; available from Python only"
                    if name == CONDITION
                    else "not accepted; leave it out"
                ),
            )
        elif name not in allowed:
            yield (name,), f"unknown argument of {type_}; {suggestion(name, allowed, label='allowed')}"
        else:
            yield from value_problems((name,), value, allowed[name])
    for name in schema["required"]:
        if name not in arguments:
            yield (name,), f"missing; {type_} requires it"
    either = [choice["required"][0] for choice in schema.get("anyOf", ())]
    if either and not any(name in arguments for name in either):
        yield (), f"{type_} has no limit; write {' or '.join(either)}"
    yield from range_problems(arguments)
    yield from pattern_problems(arguments)


def _query_problems(arguments: Mapping[str, Any]) -> Iterator[Problem]:
    for name in arguments:
        if name not in (QUERY_ARGUMENT, "description", "notes"):
            yield (name,), f"unknown argument of {QUERY}; {suggestion(name, (QUERY_ARGUMENT,), label='allowed')}"
    query = arguments.get(QUERY_ARGUMENT)
    if not isinstance(query, str) or "{batch}" not in query:
        yield (
            (QUERY_ARGUMENT,),
            f"is {found(query)}; expected SQL that selects from {{batch}}, the table",
        )


def build_catalogue() -> dict[str, Any]:
    """Return the catalogue of the installed Great Expectations: its core expectations that YAML may name."""
    from great_expectations.expectations import core
    from great_expectations.expectations.expectation import Expectation

    classes: list[Any] = [
        known for known in vars(core).values() if isinstance(known, type) and issubclass(known, Expectation)
    ]
    # A class without a type is registered under no name: Great Expectations cannot find it again.
    return {
        known.expectation_type: _arguments_schema(known.__fields__)
        for known in sorted(classes, key=lambda known: str(known.expectation_type))
        if known.expectation_type and known.expectation_type not in REFUSED
    }


def _arguments_schema(fields: Mapping[str, Any]) -> dict[str, Any]:
    offered = {name: field for name, field in fields.items() if name not in _NOT_ARGUMENTS}
    if "threshold" in offered and "min_value" in offered:
        # Kullback-Leibler divergence inherits a range that it never looks at.
        offered = {name: field for name, field in offered.items() if name not in _RANGE}
    properties = {name: _schema_of(field.outer_type_) for name, field in offered.items()}
    for name in _COLUMNS & properties.keys():
        properties[name]["pattern"] = NOT_BLANK
    schema: dict[str, Any] = {
        "properties": properties | {name: {"type": "string"} for name in ("description", "notes")},
        "required": [name for name, field in offered.items() if field.required or name in _NEVER_LEFT_OUT],
    }
    if "min_value" in offered:
        schema["anyOf"] = [{"required": ["min_value"]}, {"required": ["max_value"]}]
    return schema


def _schema_of(annotation: Any) -> dict[str, Any]:
    """Translate a field's annotation; null and suite parameters, which every field accepts, are left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _schema_of(get_args(annotation)[0])
    if origin is Literal:
        return {"type": "string", "enum": list(get_args(annotation))}
    if origin in {Union, UnionType}:
        members = [_schema_of(one) for one in get_args(annotation) if one not in {dict, NoneType}]
        kinds = list(dict.fromkeys(one["type"] for one in members))
        return members[0] if len(kinds) == 1 else {"type": kinds}
    plain = origin or annotation
    for kind, types in _PLAIN.items():
        if issubclass(plain, types):
            return _with_limits({"type": kind}, annotation)
    return {
        "type": "object",
        "required": [name for name, field in plain.__fields__.items() if field.required],
    }


def _with_limits(schema: dict[str, Any], annotation: Any) -> dict[str, Any]:
    if schema["type"] == "array":
        entries = get_args(annotation)
        schema["minItems"] = 1  # comparing with nothing would pass
        if get_origin(annotation) is tuple:
            schema |= {"minItems": len(entries), "maxItems": len(entries)}
        elif entries and entries[0] is not Any and not isinstance(entries[0], TypeVar):
            schema["items"] = _schema_of(entries[0])
            if schema["items"]["type"] == "string":
                schema["items"]["pattern"] = NOT_BLANK
    for limit, name in (("ge", "minimum"), ("le", "maximum")):
        if getattr(annotation, limit, None) is not None:
            schema[name] = getattr(annotation, limit)
    return schema


def main() -> None:
    """Write the catalogue of the installed Great Expectations next to this file."""
    CATALOGUE.write_text(json.dumps(build_catalogue(), indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
