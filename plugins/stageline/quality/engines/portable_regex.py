r"""One regular expression, said so that every engine reads it as RE2 does.

pandas (through Arrow) and DuckDB use RE2: `\d`, `\w` and `\s` are ASCII, `.` stops at a line break, `$` is the very
end. PostgreSQL lets `.` match line breaks, and its classes follow the locale; Java lets `$` match before a last line
break, and a class inside a class is a union there.
"""

import re
from collections.abc import Iterator, Mapping

from stageline.exceptions import DataError

_PART = re.compile(
    r"\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[pP]\{\^?\w+\}|\\.|\(\?P?<[A-Za-z_]\w*>|\[:\^?\w+:\]|.", re.DOTALL
)
_ONLY_BACKTRACKING = re.compile(r"\(\?(?:=|!|<=|<!|>)|\\[1-9]|[*+?}]\+")
# A class is entered by [ or [^, and a ] right after that is one of its characters.
_CLASS_START = re.compile(r"\[\^?\]?")

_DIGITS, _WORD, _SPACE = "0-9", "0-9A-Za-z_", r"\t\n\f\r "
_SETS = {r"\d": _DIGITS, r"\w": _WORD, r"\s": _SPACE}
_ASCII_OUTSIDE = {
    **{escape: f"[{members}]" for escape, members in _SETS.items()},
    **{escape.upper(): f"[^{members}]" for escape, members in _SETS.items()},
}
_POSTGRESQL = {**_ASCII_OUTSIDE, ".": r"[^\n]", r"\b": r"\y", r"\B": r"\Y", r"\z": r"\Z"}
_JAVA = {**_ASCII_OUTSIDE, ".": r"[^\n]", "$": r"\z"}


def backtracks(pattern: str) -> bool:
    """Whether a pattern needs what RE2 leaves out: look-around, back-references, atomic or possessive parts."""
    return any(_ONLY_BACKTRACKING.match(pattern, at) for at, _, inside in _tokens(pattern) if not inside)


def for_duckdb(pattern: str) -> str:
    """Return the pattern for DuckDB.

    :raises DataError: It needs what RE2 leaves out.
    """
    if backtracks(pattern):
        raise DataError(
            f"the regular expression {pattern!r} looks around or back, which the engine duckdb cannot; "
            "write it without, or use the engine pandas"
        )
    return pattern


def for_postgresql(pattern: str) -> str:
    """Return the pattern for PostgreSQL.

    :raises DataError: It names Unicode properties.
    """
    return _translate(pattern, _POSTGRESQL, "postgresql")


def for_java(pattern: str) -> str:
    """Return the pattern for Java, which Spark uses.

    :raises DataError: It holds a POSIX class.
    """
    return _translate(pattern, _JAVA, "spark")


def _translate(pattern: str, outside: Mapping[str, str], engine: str) -> str:
    parts = []
    for _, part, inside in _tokens(pattern):
        if part.startswith((r"\p", r"\P") if engine == "postgresql" else "[:"):
            raise DataError(
                f"the regular expression {pattern!r} holds {part!r}, which the engine {engine} does not know; "
                "list the characters, or use the engine duckdb"
            )
        if part.startswith(r"\x"):
            parts.append(f"\\U{int(part[2:].strip('{}'), 16):08X}" if engine == "postgresql" else part)
        elif inside:
            parts.append(_SETS.get(part) or {"[": r"\[", "&": r"\&"}.get(part, part))
        elif part.startswith("(?P<") or (engine == "postgresql" and part.startswith("(?<")):
            parts.append("(" if engine == "postgresql" else part.replace("?P<", "?<"))
        else:
            parts.append(outside.get(part, part))
    return "".join(parts)


def _tokens(pattern: str) -> Iterator[tuple[int, str, bool]]:
    """Yield each part of a pattern: where it begins, the part, and whether it stands inside a class."""
    at, inside = 0, False
    while at < len(pattern):
        if not inside and pattern[at] == "[":
            start = _CLASS_START.match(pattern, at)
            part = start[0] if start else "["
            # A bracket in first place is escaped: not every engine takes it for a character there.
            yield at, part.replace("]", r"\]"), False
            at, inside = at + len(part), True
            continue
        match = _PART.match(pattern, at)
        part = match[0] if match else pattern[at]
        if inside and part == "]":
            inside = False
            yield at, part, False
        else:
            yield at, part, inside
        at += len(part)
