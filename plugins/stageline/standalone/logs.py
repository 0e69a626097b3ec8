"""Show the end of what a server printed."""

import os
from pathlib import Path

_BYTES = 16_384


def tail(path: Path, *, lines: int = 25) -> str:
    """Return the last lines of a log, however large it is; an empty text when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
