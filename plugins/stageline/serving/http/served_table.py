"""The log of answers: a Delta table to which each file of a journal is added once, whoever adds it."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError
from stageline.serving.http.log_columns import DAY

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.serving.http.journal import Segment

FOLDER = "served"
_COMPACT_EVERY = 64


class ServedTable:
    """The log of one pipeline.

    :param root: Folder of the Delta table; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._guard = threading.Lock()
        self._written = 0

    def require_fits(self, schema: "pa.Schema", others: "Iterable[pa.Schema]" = ()) -> None:
        """Refuse a model whose answers could not be logged: found out before any is given.

        :param others: Columns that may be on their way to the log.
        :raises ArtifactError: A column is of another type there.
        """
        import pyarrow as pa
        from deltalake import DeltaTable

        known = {field.name: field.type for other in others for field in other}
        with _naming(self.root):
            if DeltaTable.is_deltatable(str(self.root)):
                written = pa.schema(DeltaTable(str(self.root)).schema().to_arrow())
                known |= {field.name: field.type for field in written}
        for field in schema:
            found = known.get(field.name, field.type)
            if not _same(found, field.type):
                raise ArtifactError(
                    f"the log {str(self.root)!r} has column {field.name!r} as {found}, this model gives {field.type}; "
                    "stop the server and move the folder away, and it is made anew"
                )

    def add(self, journal: str, segment: "Segment") -> tuple[int, Path | None]:
        """Add what a file holds, unless that was done before; the file is then deleted.

        :param journal: Name of the journal that the file is of.
        :returns: Rows, and where the file is put aside if a part of it cannot be read.
        :raises ArtifactError: The log cannot be written.
        """
        import pyarrow as pa
        from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

        with self._guard, _naming(self.root):
            there = DeltaTable.is_deltatable(str(self.root))
            # Delta keeps the newest number of each writer in the commit itself.
            done = DeltaTable(str(self.root)).transaction_version(journal) if there else None
            if done is not None and segment.number <= done:
                segment.forget()
                return 0, None
            batches, damaged = segment.read()
            if batches:
                rows = pa.concat_tables(
                    [pa.Table.from_batches([batch]) for batch in batches], promote_options="default"
                )
                write_deltalake(
                    str(self.root), rows, mode="append", schema_mode="merge", partition_by=[DAY],
                    commit_properties=CommitProperties(app_transactions=[Transaction(journal, segment.number)]),
                )  # fmt: skip
                self._written += 1
                if self._written % _COMPACT_EVERY == 0:
                    self._compact()
            count = sum(batch.num_rows for batch in batches)
            if damaged:
                return count, segment.put_aside()
            segment.forget()
            return count, None

    def _compact(self) -> None:
        """Make one file of today's many; another server may be faster."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        with suppress(DeltaError):
            DeltaTable(str(self.root)).optimize.compact(partition_filters=[(DAY, "=", f"{datetime.now(UTC):%Y-%m-%d}")])


def read_served(
    root: Path, start: datetime, end: datetime, *, sequence: int | None = None, columns: list[str] | None = None
) -> "pa.Table | None":
    """Return the rows of the log that were answered from `start` to before `end`, or none where there is no log.

    :param start: With a time zone, as is `end`.
    :param sequence: Of this rollout only.
    :param columns: Default: all.
    :raises ArtifactError: The log cannot be read.
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    from deltalake import DeltaTable

    with _naming(root):
        if not DeltaTable.is_deltatable(str(root)):
            return None
        kind = pa.timestamp("us", "UTC")
        time = pc.field("scored_at")
        wanted = (time >= pa.scalar(start, kind)) & (time < pa.scalar(end, kind))
        # The days first: what is of others is not opened.
        wanted &= (pc.field(DAY) >= f"{start:%Y-%m-%d}") & (pc.field(DAY) <= f"{end:%Y-%m-%d}")
        if sequence is not None:
            wanted &= pc.field("sequence") == sequence
        rows = DeltaTable(str(root)).to_pyarrow_dataset()
        named = None if columns is None else [name for name in columns if name in rows.schema.names]
        return rows.to_table(columns=named, filter=wanted)


def _same(one: "pa.DataType", other: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(one.equals(other)) or (pa.types.is_map(one) and pa.types.is_map(other))


class _naming:  # noqa: N801 - reads as a word of the statement it begins
    """Turn what Delta or the disk say into an error that names the log."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        import pyarrow as pa
        from deltalake.exceptions import DeltaError

        if isinstance(error, DeltaError | OSError | pa.ArrowException):
            words = str(error).partition("\n")[0]
            raise ArtifactError(
                f"the log {str(self._root)!r} cannot be used: {words}; mend the place (is its disk full?)"
            ) from error
