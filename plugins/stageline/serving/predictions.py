"""The predictions of a pipeline: a Delta table of partitions, each replaced as a whole or not at all."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.serving.staged_files import StagedFile, Staging, staging

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

PARTITION = "partition"
_STAGED = "_staged"
_ATTEMPTS = 10


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

    def stage(self, schema: "pa.Schema") -> AbstractContextManager[Staging]:
        """Return a folder to write one partition's rows to; what is not published by the end is deleted.

        :param schema: The rows' columns, without the partition.
        """
        return staging(self.root / _STAGED, schema)

    def publish(
        self,
        staged: Staging,
        files: Sequence[StagedFile],
        partition: str,
        *,
        about: Mapping[str, str],
        confirm: Callable[[], None] = lambda: None,
    ) -> Published:
        """Put the rows of files in the place of the partition's; all other partitions stay as they are.

        :param files: Those of the staging's that belong to the partition; one without rows is left out.
        :param about: Kept in Delta's own commit.
        :param confirm: Asked before each attempt, after the table was opened: it raises where the rows are not
            wanted any more. Whoever commits in between makes the attempt fail, so that it is asked again.
        :raises ArtifactError: Other writers were always faster, or the table cannot be written.
        """
        from deltalake.exceptions import DeltaError

        rows_of = {f"part-{file.name}": file.rows for file in files if file.rows}
        published = None
        try:
            for file in files:
                if file.rows:
                    (staged.folder / file.name).rename(self.root / f"part-{file.name}")
            for _ in range(_ATTEMPTS):
                if (published := self._try(staged.schema, rows_of, partition, about, confirm)) is not None:
                    return published
        except (DeltaError, OSError) as error:
            words = str(error).partition("\n")[0]
            raise ArtifactError(
                f"predictions cannot be published in {str(self.root)!r}: {words}; partition {partition!r} is as it "
                "was: mend the place (is its disk full?) and run the step again"
            ) from error
        finally:
            if published is None:
                self._forget(rows_of)
        raise ArtifactError(
            f"partition {partition!r} of {str(self.root)!r} is as it was: in {_ATTEMPTS} attempts others were always "
            "faster; run the step again"
        )

    def _try(
        self,
        schema: "pa.Schema",
        rows_of: Mapping[str, int],
        partition: str,
        about: Mapping[str, str],
        confirm: Callable[[], None],
    ) -> Published | None:
        from deltalake import CommitProperties, PostCommitHookProperties
        from deltalake.exceptions import CommitFailedError
        from deltalake.transaction import AddAction

        table = self._open(schema)
        before = [file for file in _files(table) if file[f"partition.{PARTITION}"] == partition]
        confirm()
        added = [
            AddAction(
                path=name,
                size=(self.root / name).stat().st_size,
                partition_values={PARTITION: partition},
                modification_time=time.time_ns() // 1_000_000,
                data_change=True,
                stats=json.dumps({"numRecords": rows}),
            )
            for name, rows in rows_of.items()
        ]
        try:
            table.create_write_transaction(
                added,
                "overwrite",
                table.schema(),
                [PARTITION],
                [(PARTITION, "=", partition)],
                commit_properties=CommitProperties(custom_metadata=dict(about), max_commit_retries=0),
                post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
            )
        except CommitFailedError:
            return None
        replaced = sum(file["num_records"] or 0 for file in before)
        # Without retries, the commit is the one after what was opened.
        return Published(str(self.root), partition, table.version() + 1, sum(rows_of.values()), replaced)

    def _forget(self, names: Mapping[str, int]) -> None:
        """Delete files that were not published; where that cannot be told, they stay."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            there = DeltaTable.is_deltatable(str(self.root))
            known = {file["path"] for file in _files(DeltaTable(str(self.root)))} if there else set()
        except (DeltaError, OSError):
            return
        for name in names:
            if name not in known:
                with suppress(OSError):
                    (self.root / name).unlink(missing_ok=True)

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


def _files(table: "DeltaTable") -> list[dict[str, Any]]:
    import pyarrow as pa

    files: list[dict[str, Any]] = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return files
