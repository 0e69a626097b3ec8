"""YAML written by hand, for the sake of its comments, with scalars that mean the same to every reader."""

import math
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from stageline.tables.wording import printable

# Only what no version of YAML reads as anything but text is left bare.
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WIDTH = 108


def scalar(value: Any) -> str:
    """Return one value as YAML: simple words bare, every other text in double quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is not a finite number; YAML specs hold finite ones only")
        return repr(value)
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if _BARE.fullmatch(text) and yaml.safe_load(text) == text and text.casefold() not in ("y", "n"):
        return text
    # Without the width, long text would be folded over several lines.
    quoted: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=math.inf)
    return quoted.removesuffix("\n")


def flow(value: Any) -> str:
    """Return a value, a list or a mapping as YAML on one line."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{scalar(key)}: {flow(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f"[{', '.join(map(flow, value))}]"
    return scalar(value)


def comment(text: str, *, indent: int = 0) -> list[str]:
    """Return a sentence as comment lines; whatever could end a line or act on a terminal is escaped."""
    margin = " " * indent
    lines = textwrap.wrap(
        printable(text), _WIDTH - indent, break_long_words=False, break_on_hyphens=False
    )  # fmt: skip
    return [f"{margin}# {line}" for line in lines]
