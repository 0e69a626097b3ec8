"""How this room speaks of values and names in its errors: YAML's words, and the nearest known name."""

import difflib
from collections.abc import Collection, Iterable

# Where something stands in a spec: keys, and positions in lists.
KeyPath = tuple[str | int, ...]

_SHOWN = 60  # characters of a value that an error quotes


def quoted(value: object) -> str:
    """Return the value's `repr` on one line, cut to a readable length."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def found(value: object) -> str:
    """Say in YAML's words what a value is."""
    if value is None:
        return "nothing (null)"
    if isinstance(value, bool):
        return f"{str(value).lower()} (true-false)"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, dict):
        return "a mapping"
    kind = "text" if isinstance(value, str) else "number" if isinstance(value, (int, float)) else "value"
    return f"the {kind} {quoted(value)}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like this one, if any comes close."""
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def suggestion(name: object, known: Collection[str], *, label: str = "known") -> str:
    """Return `did you mean …?`, or the list of known names where none comes close."""
    near = nearest(name, known) if isinstance(name, str) else None
    return f"did you mean {near!r}?" if near else f"{label}: {', '.join(known)}"


def dotted(path: KeyPath) -> str:
    """Return the path as `kpi.metric`; a part that would be misread is quoted."""
    return ".".join(
        str(part) if isinstance(part, int) or part.replace("-", "_").isidentifier() else quoted(part) for part in path
    )
