"""How column names and numbers are written in sentences that a person reads, and which name was meant."""

import difflib
import re
from collections.abc import Sequence

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LONGEST = 60


def printable(text: str) -> str:
    """Return the text on one line: what a terminal or a YAML reader would act on is escaped."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def shown(column: str) -> str:
    """Return a column's name as a sentence shows it: bare if simple, else quoted, escaped and cut."""
    if len(column) > _LONGEST:
        column = f"{column[:_LONGEST]}…"
    return column if _PLAIN.fullmatch(column) else repr(printable(column))


def significant(value: float, digits: int = 4) -> float:
    """Return the number with that many significant digits."""
    return float(f"{value:.{digits - 1}e}")


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that was probably meant, whatever its case."""
    folded = {column.casefold(): column for column in reversed(known)}
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1)
    return folded[near[0]] if near else None
