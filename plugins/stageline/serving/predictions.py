"""The predictions of a pipeline: a Delta table of partitions, each replaced as a whole or not at all."""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from stageline.exceptions import ArtifactError, Refusal

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

PARTITION = "partition"
_STAGED = "_staged"
_ATTEMPTS = 10
_ABANDONED_AFTER_SECONDS = 86_400.0


@dataclass
class StagedRows:
    """A file beside the table, of which no reader knows yet."""

    path: Path
    schema: "pa.Schema"
    _writer: Any
    rows: int = 0

    def write(self, batch: "pa.RecordBatch | pa.Table") -> None:
        """Add rows.

        :raises ArtifactError: They cannot be written.
        """
        with _writing(self.path):
            self._writer.write(batch)
        self.rows += batch.num_rows

    def close(self) -> None:
        """Put all of it on the disk.

        :raises ArtifactError: It cannot be written.
        """
        with _writing(self.path):
            self._writer.close()
            with self.path.open("rb") as content:
                os.fsync(content.fileno())


@dataclass(frozen=True)
class Published:
    """A partition as it now is.

    :param version: Delta version that holds it.
    :param replaced: Rows that it held before.
    """

    table: str
    partition: str
    version: int
    rows: int
    replaced: int


class PredictionsTable:
    """The predictions of one pipeline.

    :param root: Folder of the Delta table; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def stage(self, schema: "pa.Schema") -> Iterator[StagedRows]:
        """Yield a file to write one partition's rows to; what is not published by the end is deleted.

        :param schema: The rows' columns, without the partition.
        :raises ArtifactError: It cannot be written.
        """
        from pyarrow import parquet

        folder = self.root / _STAGED
        path = folder / f"{uuid4()}.parquet"
        with _writing(path):
            folder.mkdir(parents=True, exist_ok=True)
            _tidy(folder)
            writer = parquet.ParquetWriter(path, schema, store_schema=False)
        try:
            yield StagedRows(path, schema, writer)
        finally:
            with suppress(OSError):
                writer.close()
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def publish(
        self,
        staged: StagedRows,
        partition: str,
        *,
        about: Mapping[str, str],
        confirm: Callable[[], None] = lambda: None,
    ) -> Published:
        """Put the rows in the place of the partition's; all other partitions stay as they are.

        :param about: Kept in Delta's own commit.
        :param confirm: Asked before each attempt, after the table was opened: it raises where the rows are not
            wanted any more. Whoever commits in between makes the attempt fail, so that it is asked again.
        :raises ArtifactError: Other writers were always faster, or the table cannot be written.
        """
        from deltalake.exceptions import DeltaError

        staged.close()
        final = self.root / f"part-{staged.path.name}"
        try:
            staged.path.rename(final)
            for _ in range(_ATTEMPTS):
                if (published := self._try(staged, final, partition, about, confirm)) is not None:
                    return published
        except Refusal:
            final.unlink(missing_ok=True)
            raise
        except (DeltaError, OSError) as error:
            raise ArtifactError(
                f"predictions cannot be published in {str(self.root)!r}: {_first_line(error)}; partition {partition!r} "
                "is as it was: mend the place (is its disk full?) and run the step again"
            ) from error
        final.unlink(missing_ok=True)
        raise ArtifactError(
            f"partition {partition!r} of {str(self.root)!r} is as it was: in {_ATTEMPTS} attempts others were always "
            "faster; run the step again"
        )

    def _try(
        self, staged: StagedRows, final: Path, partition: str, about: Mapping[str, str], confirm: Callable[[], None]
    ) -> Published | None:
        from deltalake import CommitProperties, PostCommitHookProperties
        from deltalake.exceptions import CommitFailedError
        from deltalake.transaction import AddAction

        table = self._open(staged.schema)
        replaced = _rows_of(table, partition)
        confirm()
        added = AddAction(
            path=final.name,
            size=final.stat().st_size,
            partition_values={PARTITION: partition},
            modification_time=time.time_ns() // 1_000_000,
            data_change=True,
            stats=json.dumps({"numRecords": staged.rows}),
        )
        try:
            table.create_write_transaction(
                [added],
                "overwrite",
                table.schema(),
                [PARTITION],
                [(PARTITION, "=", partition)],
                commit_properties=CommitProperties(custom_metadata=dict(about), max_commit_retries=0),
                post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
            )
        except CommitFailedError:
            return None
        # Without retries, the commit is the one after what was opened.
        return Published(str(self.root), partition, table.version() + 1, staged.rows, replaced)

    def _open(self, schema: "pa.Schema") -> "DeltaTable":
        import pyarrow as pa
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        # Delta knows no dictionaries: they are a way to write a file.
        kinds = {one.name: one.type.value_type if pa.types.is_dictionary(one.type) else one.type for one in schema}
        whole = pa.schema([*kinds.items(), (PARTITION, pa.string())])
        if not DeltaTable.is_deltatable(str(self.root)):
            with suppress(DeltaError):  # another run makes it at the same moment
                DeltaTable.create(str(self.root), schema=whole, partition_by=[PARTITION], mode="ignore")
        table = DeltaTable(str(self.root))
        found = {field.name: field.type for field in pa.schema(table.schema().to_arrow())}
        wanted = {field.name: field.type for field in whole}
        if found != wanted:
            changed = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
            name = changed[0]
            raise ArtifactError(
                f"predictions in {str(self.root)!r} have other columns than these: {name!r} is "
                f"{found.get(name, 'missing')} there, {wanted.get(name, 'missing')} here ({len(changed)} in all); "
                "move the folder away, and the next run makes it anew"
            )
        return table


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise ArtifactError(
            f"predictions cannot be written to {str(path.parent)!r}: {_first_line(error)}; nothing was published: mend "
            "the place (is its disk full?) and run the step again"
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _rows_of(table: "DeltaTable", partition: str) -> int:
    import pyarrow as pa

    files = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return sum(file["num_records"] or 0 for file in files if file[f"partition.{PARTITION}"] == partition)


def _tidy(folder: Path) -> None:
    """Delete what writers left behind that died more than a day ago."""
    for path in folder.iterdir():
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_AFTER_SECONDS:
                path.unlink()
