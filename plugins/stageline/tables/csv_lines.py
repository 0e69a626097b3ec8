"""Where rows stand in a CSV file: a reader counts rows, a person counts lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LINE_END = re.compile(rb"\r\n|\n|\r")
# A quote opens a value only where a value begins; within one, two quotes are one.
_QUOTED_OR_LINE_END = re.compile(rb'"(?<![^,\r\n]")[^"]*(?:""[^"]*)*("?)|\r\n|\n|\r')


@dataclass(frozen=True)
class RaggedRow:
    """A row with too few or too many values.

    :param number: Its number in the file, from 1 for the header; blank lines are no rows.
    """

    number: int
    text: str
    expected: int
    found: int

    @property
    def reason(self) -> str:
        """What is wrong with it, as a sentence goes on after its line."""
        return f"has {self.found:,} value{'' if self.found == 1 else 's'} instead of {self.expected:,}"


@dataclass(frozen=True)
class Span:
    """The lines that a row takes up, from 1.

    :param open_quote: The line in which it opens a quote that nothing closes; 0 if it opens none.
    """

    begin: int
    end: int
    open_quote: int


def find_lines(rows: Sequence[RaggedRow], data: bytes) -> list[Span]:
    """Return where each row stands.

    :param rows: In the order of the file.
    :param data: The whole file, without a byte-order mark.
    """
    wanted = iter(rows)
    row = next(wanted, None)
    found: list[Span] = []
    number, offset, begin, line, open_quote = 0, 0, 1, 1, 0
    for token in _QUOTED_OR_LINE_END.finditer(data):
        if row is None:
            break
        if token[1] is not None:
            open_quote = 0 if token[1] else line
            line += len(LINE_END.findall(token[0]))
            continue
        if token.start() > offset:
            number += 1
            if number == row.number:
                found.append(Span(begin, line, open_quote))
                row = next(wanted, None)
        line += 1
        offset, begin = token.end(), line
    if row is not None:
        # The last row, which no line end follows.
        found.append(Span(begin, line, open_quote))
    return found
