"""Versioned Delta tables of feature snapshots: the same content is stored once, whoever writes it again."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.tables.delta_versions import DeltaVersions
from stageline.tables.digest import digest_table
from stageline.tables.kept_types import canonical

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class StoredSnapshot:
    """Where a snapshot is kept.

    :param version: Delta version that holds it.
    :param digest: `sha256:…` of its content.
    :param written_by: The DAG run that stored this content first.
    """

    table: str
    version: int
    digest: str
    written_by: str


class SnapshotStore:
    """The snapshots of one pipeline, one Delta version per content.

    :param root: Folder of the Delta table; made on the first write.
    """

    def __init__(self, root: Path) -> None:
        self._versions = DeltaVersions(
            root,
            called="snapshot",
            mend="run the features step again",
            mode="overwrite",
            typed=canonical,
            digest_of=digest_table,
        )

    def write(self, table: "pa.Table", *, dag_run: str) -> StoredSnapshot:
        """Store a snapshot, or return the version that holds the same content already.

        :raises DataError: A column has a type that no Delta table keeps.
        :raises ArtifactError: Other runs were always faster, or Delta cannot keep a table there.
        """
        version = self._versions.write(table, dag_run=dag_run)
        return StoredSnapshot(str(self._versions.root), version.number, version.digest, version.written_by)

    def size_bytes(self, version: int) -> int:
        """Return the bytes of a stored snapshot.

        :raises ArtifactError: The version is gone.
        """
        return self._versions.size_bytes(version)

    def read(self, version: int, *, digest: str) -> "pa.Table":
        """Return a stored snapshot, after checking that it is the one meant.

        :raises ArtifactError: The version is gone or its content is another.
        """
        return self._versions.read(version, digest=digest)
