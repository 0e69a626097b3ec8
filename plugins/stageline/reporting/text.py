"""Untrusted text made fit to show: bounded, one line, no control characters, no reordering."""

import re
import unicodedata
from collections.abc import Iterator

VALUE_CHARACTERS = 200
PROSE_CHARACTERS = 1_000

# Overrides and isolates can make a line read as another one (CVE-2021-42574).
_REORDERING = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
_SPACES = re.compile(" {2,}")
_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_MOST_ACCENTS = 3
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_FIRST_CONTROL_PICTURE = 0x2400
_C0_END = 0x20
_NONCHARACTER = 0xFFFE  # the last two of every plane


def shown(text: str, limit: int = VALUE_CHARACTERS) -> str:
    """Return text as one line of at most `limit` characters, the last an ellipsis where some were cut.

    Runs of white space become one space, control characters their visible picture. Nothing is escaped here:
    that is the template's and the chart renderer's part.
    """
    # A bounded slice first: a value of a megabyte costs no more than a short one.
    head = text[: 4 * limit]
    line = _SPACES.sub(" ", "".join(_legible(head))).strip(" ")
    if len(line) > limit or len(text) > len(head):
        return line[: limit - 1].rstrip() + "…"
    return line or "(blank)"


def label(text: str, columns: int) -> str:
    """Return text short enough for a chart, where a wide character (CJK, emoji) takes two columns.

    The chart renderer is never left to cut text: it halves characters beyond the first 65,536 and then fails.
    """
    line = shown(text, columns)
    taken = 0
    for index, character in enumerate(line):
        taken += 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
        if taken > columns:
            return line[: index - 1].rstrip() + "…"
    return line


def distinct_labels(texts: list[str], columns: int) -> list[str]:
    """Return short labels for a chart's axis; those that became equal are numbered apart."""
    taken: set[str] = set()
    labels = []
    for text in texts:
        name = base = label(text, columns)
        number = 1
        while name in taken:
            number += 1
            name = f"{base} ({number})"
        taken.add(name)
        labels.append(name)
    return labels


def _legible(text: str) -> Iterator[str]:
    """Yield what can be shown, without the piles of accents that cover the lines above and below."""
    stacked = 0
    for character in text:
        stacked = stacked + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if stacked <= _MOST_ACCENTS:
            yield _visible(character)


def _visible(character: str) -> str:
    if character.isspace():
        return character if character == _NO_BREAK_SPACE else " "
    code = ord(character)
    if code < _C0_END:
        return chr(_FIRST_CONTROL_PICTURE + code)
    noncharacter = code & _NONCHARACTER == _NONCHARACTER
    if character in _REORDERING or noncharacter or unicodedata.category(character) in {"Cc", "Cs"}:
        return _REPLACEMENT
    return character
