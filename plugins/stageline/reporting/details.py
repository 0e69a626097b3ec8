"""A check's JSON details as a few short lines."""

import reprlib
from collections.abc import Mapping
from typing import Any

from stageline.reporting.formats import plain
from stageline.reporting.text import shown

MOST_DETAILS = 6
_DETAIL_CHARACTERS = 160
_MOST_ITEMS = 8

_short = reprlib.Repr()
_short.maxlevel, _short.maxdict, _short.maxstring, _short.maxother = 3, 6, 80, 80


def in_words(details: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the first details as pairs of a name and a text, both bounded; nested values are cut short."""
    pairs = list(details.items())[:MOST_DETAILS]
    return [(shown(str(name), 60), shown(_words(value), _DETAIL_CHARACTERS)) for name, value in pairs]


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        items = [plain(item) or _short.repr(item) for item in value[:_MOST_ITEMS]]
        return ", ".join(items) + (", …" if len(value) > _MOST_ITEMS else "")
    text = plain(value)
    return _short.repr(value) if text is None else text
