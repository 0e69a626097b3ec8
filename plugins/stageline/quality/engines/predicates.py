"""What only Python can say about a text; every engine asks the same functions."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from stageline.exceptions import DataError

Predicate = Callable[[str], bool]
# A text of a hundred thousand brackets is none, and neither is one that a parser stumbles over.
_UNREADABLE = (ArithmeticError, LookupError, RecursionError, TypeError, ValueError)


def is_json(text: str) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except _UNREADABLE:
        return False
    return True


def is_moment(text: str) -> bool:
    """Whether dateutil reads a text as a date or time."""
    from dateutil.parser import parse  # type: ignore[import-untyped]

    try:
        parse(text)
    except _UNREADABLE:
        return False
    return True


def fits_format(strftime_format: str) -> Predicate:
    """Return a predicate: whether a text is a time of the format.

    :raises DataError: The format is none that can be parsed.
    """
    try:
        datetime.strptime(datetime(2026, 1, 31, 12, 30).strftime(strftime_format), strftime_format)  # noqa: DTZ001, DTZ007 - any time will do
    except ValueError as error:
        raise DataError(f"strftime_format {strftime_format!r} cannot be parsed: {error}") from error

    def fits(text: str) -> bool:
        try:
            datetime.strptime(text, strftime_format)  # noqa: DTZ007 - whether it parses is all that counts
        except ValueError:
            return False
        return True

    return fits


def fits_schema(json_schema: Mapping[str, Any]) -> Predicate:
    """Return a predicate: whether a text is JSON that fulfils the schema.

    :raises DataError: The schema is none.
    """
    from jsonschema.exceptions import SchemaError  # type: ignore[import-untyped]
    from jsonschema.validators import validator_for  # type: ignore[import-untyped]

    kind = validator_for(json_schema)
    try:
        kind.check_schema(json_schema)
    except SchemaError as error:
        raise DataError(f"json_schema is no JSON Schema: {error.message}") from error
    validator = kind(json_schema)

    def fits(text: str) -> bool:
        try:
            return bool(validator.is_valid(json.loads(text)))
        except _UNREADABLE:
            return False

    return fits
