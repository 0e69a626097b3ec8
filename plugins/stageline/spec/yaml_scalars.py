"""What a plain scalar means in the core schema of YAML 1.2, so that `no` and `12:30:00` stay text."""

import re

# https://yaml.org/spec/1.2.2/#103-core-schema
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_NUMBER_STARTS = frozenset("0123456789+-.")
_MOST_DIGITS = 40
_LARGEST = 2**63


def plain_value(text: str) -> str | float | bool | None:
    """Return the value of an unquoted scalar.

    :raises ValueError: A number that is not finite, or an integer of more than 64 bits.
    """
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    return _number(text) if text[0] in _NUMBER_STARTS else text


def _number(text: str) -> str | float:
    if _INTEGER.fullmatch(text):
        return _integer(text, 10)
    if _OCTAL.fullmatch(text):
        return _integer(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return _integer(text, 16)
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number; write a finite one, or leave the key out")
    if _FLOAT.fullmatch(text):
        number = float(text)
        if number in (float("inf"), float("-inf")):
            raise ValueError(f"{text[:_MOST_DIGITS]} is too large for a number; quote it to make it text")
        return number
    return text


def _integer(text: str, base: int) -> int:
    # Long runs of digits are refused before they are converted: Python itself refuses above 4,300.
    number = int(text, base) if len(text) <= _MOST_DIGITS else _LARGEST
    if not -_LARGEST <= number < _LARGEST:
        shown = text if len(text) <= _MOST_DIGITS else f"{text[:_MOST_DIGITS]}…"
        raise ValueError(f"{shown} does not fit into 64 bits; quote it to make it text")
    return number
