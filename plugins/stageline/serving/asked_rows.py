"""The rows that servers were asked about, as their log holds them: a source like the table that batches score."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.serving.delta_rows import open_delta
from stageline.serving.http.log_columns import FEATURE
from stageline.serving.row_parts import RaggedLines, RowPart
from stageline.serving.rows import RowSource

if TYPE_CHECKING:
    import pyarrow as pa

_ARM = "arm"


def open_asked(folder: Path, columns: Sequence[str]) -> RowSource:
    """Open the rows that servers were asked about, each once: what a shadow was asked, another model was, too.

    :param folder: Of the servers' log.
    :param columns: Columns of the rows; those that are not logged, as private ones are not, are not in the source.
    :raises SourceError: There is no log, or it cannot be read.
    """
    import pyarrow as pa

    if not (folder / "_delta_log").is_dir():
        raise SourceError(f"{str(folder)!r}: no server has logged an answer yet; start one with `stageline serve`")
    log = open_delta(folder, str(folder))
    # A feature that is called like a column of the log has another name there.
    held = {name: stored for name in columns if (stored := _stored(name, log.schema.names))}
    schema = pa.schema([(name, log.schema.field(stored).type) for name, stored in held.items()])
    return replace(log, schema=schema, parts=[_AskedPart(part, held) for part in log.parts])


def _stored(name: str, logged: Sequence[str]) -> str:
    return next((each for each in (f"{FEATURE}{name}", name) if each in logged), "")


@dataclass(frozen=True)
class _AskedPart:
    """One file of the log.

    :param held: The names in the log of the columns.
    """

    part: RowPart
    held: dict[str, str]

    @property
    def rows(self) -> int | None:
        """How many rows it has; without those of shadows only reading tells."""
        return None

    def batches(self, columns: Sequence[str], ragged: RaggedLines) -> "Iterator[pa.RecordBatch]":
        """Yield what was asked."""
        import pyarrow.compute as pc

        for batch in self.part.batches([*(self.held[name] for name in columns), _ARM], ragged):
            asked = batch.filter(pc.not_equal(batch.column(len(columns)), "shadow"))
            yield asked.select(range(len(columns))).rename_columns(list(columns))
