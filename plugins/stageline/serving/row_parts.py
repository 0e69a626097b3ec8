"""Pieces of a source, each of which can be read on its own, a batch at a time."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stageline.exceptions import SourceError
from stageline.tables.parsed_file import RejectedLine

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536
_KEPT_LINES = 20
# What Arrow says of a value that is not of its column's type.
_UNFIT = re.compile(r"In CSV column #(?P<column>\d+):(?: Row #(?P<row>\d+):)? CSV conversion error")


@dataclass
class RaggedLines:
    """Lines of a CSV file that are no rows: all are counted, the first are kept."""

    count: int = 0
    first: list[RejectedLine] = field(default_factory=list)

    def add(self, line: int, text: str, expected: int, found: int) -> None:
        """Count a line."""
        self.count += 1
        if len(self.first) < _KEPT_LINES:
            values = f"{found:,} value{'' if found == 1 else 's'}"
            self.first.append(RejectedLine(line, text[:200], f"has {values} instead of {expected:,}"))


class RowPart(Protocol):
    """Rows of a source that follow each other; any process that sees the files can read them."""

    @property
    def rows(self) -> int | None:
        """How many they are, or none where only reading tells."""

    def batches(self, columns: Sequence[str], ragged: RaggedLines) -> "Iterator[pa.RecordBatch]":
        """Yield them.

        :param ragged: Gets the lines that are no rows.
        """


def read_part(uri: str, part: RowPart, columns: Sequence[str], ragged: RaggedLines) -> "Iterator[pa.RecordBatch]":
    """Yield the rows of a part.

    :param uri: How errors call the source.
    :param ragged: Gets the lines that are no rows.
    :raises SourceError: They cannot be read to the end.
    """
    with naming(uri, getattr(part, "schema", None), lines=getattr(part, "lines", 0)):
        yield from part.batches(columns, ragged)


@contextmanager
def naming(uri: str, schema: "pa.Schema | None" = None, *, lines: int = 0) -> Iterator[None]:
    """Turn what Arrow says about a source into an error that names it.

    :param schema: Of all columns of a CSV file, which Arrow tells by their numbers.
    :param lines: How many lines of the file come before those that are read.
    :raises SourceError: In place of Arrow's own.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if schema is not None and (unfit := _UNFIT.match(str(error))) is not None:
            # Arrow's own words quote the value, which may be private.
            column, row = schema.field(int(unfit["column"])), unfit["row"]
            where = f"row {lines + int(row):,} of the file" if row else "it"
            raise SourceError(
                f"{uri!r}: column {column.name!r} cannot be read as {column.type}, its type until now: {where} holds "
                "something else; mend the file, or train again if the new type is meant"
            ) from None
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise SourceError(f"{uri!r}: cannot be read as a table: {words[0]}; mend or replace it") from error


@dataclass(frozen=True)
class TablePart:
    """Rows that are in memory anyway."""

    table: "pa.Table"

    @property
    def rows(self) -> int:
        """How many they are."""
        count: int = self.table.num_rows
        return count

    def batches(self, columns: Sequence[str], ragged: RaggedLines) -> "Iterator[pa.RecordBatch]":  # noqa: ARG002
        """Yield them."""
        yield from self.table.select(list(columns)).to_batches(max_chunksize=BATCH_ROWS)
