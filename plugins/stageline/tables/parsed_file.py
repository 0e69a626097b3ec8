"""What parsing a file gives: the rows of its table, and the lines that are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

RAGGED_LINE = "SL-Q008"
_SHOWN_LINES = 5


@dataclass(frozen=True)
class RejectedLine:
    """A line of a CSV file that is no row of its table.

    :param line: Its number in the file, from 1.
    :param text: The line as it stands; past 10,000 characters it is cut, and its full length noted.
    :param reason: What is wrong, e.g. `has 3 values instead of 17`.
    """

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class ParsedFile:
    """A file's table, and the lines that found no place in it.

    :param rejected: In the order of the file; always empty for a type of file that has no lines.
    """

    table: "pa.Table"
    rejected: tuple[RejectedLine, ...] = ()


def tell_rejected(lines: Sequence[RejectedLine]) -> str:
    """Say which lines are no rows, e.g. `1 ragged line: line 42 has 3 values instead of 2`."""
    count = len(lines)
    shown = "; ".join(f"line {line.line:,} {line.reason}" for line in lines[:_SHOWN_LINES])
    return f"{count:,} ragged line{'s' if count > 1 else ''}: {shown}{'; …' if count > _SHOWN_LINES else ''}"
