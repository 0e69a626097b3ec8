"""Versioned Delta tables of feature snapshots: the same content is stored once, whoever writes it again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.tables.digest import digest_table

if TYPE_CHECKING:
    import pyarrow as pa

_DIGEST_KEY = "stageline.digest"
_DAG_RUN_KEY = "stageline.dag_run"


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
        self._root = root

    def write(self, table: "pa.Table", *, dag_run: str) -> StoredSnapshot:
        """Store a snapshot, or return the version that holds the same content already.

        The digest stands in Delta's own commit, so a writer that died before telling anyone leaves no
        second copy behind.
        """
        from deltalake import CommitProperties, write_deltalake

        table = canonical(table)
        digest = digest_table(table)
        if (stored := self._find(digest)) is not None:
            return stored
        self._root.parent.mkdir(parents=True, exist_ok=True)
        write_deltalake(
            str(self._root),
            table,
            mode="overwrite",
            schema_mode="overwrite",
            commit_properties=CommitProperties(custom_metadata={_DIGEST_KEY: digest, _DAG_RUN_KEY: dag_run}),
        )
        stored = self._find(digest)
        if stored is None:
            raise ArtifactError(f"snapshot {digest} was written to {str(self._root)!r} but is not in its history")
        return stored

    def read(self, version: int, *, digest: str) -> "pa.Table":
        """Return a stored snapshot, after checking that it is the one meant.

        :raises ArtifactError: The version is gone or its content is another.
        """
        import pyarrow as pa
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        try:
            table = canonical(pa.table(DeltaTable(str(self._root), version=version).to_pyarrow_table()))
        except (DeltaError, OSError) as error:
            raise ArtifactError(f"snapshot version {version} of {str(self._root)!r} cannot be read: {error}") from error
        found = digest_table(table)
        if found != digest:
            raise ArtifactError(
                f"snapshot version {version} of {str(self._root)!r} has digest {found}, recorded was {digest}: "
                "its files were changed; run the features step again"
            )
        return table

    def _find(self, digest: str) -> StoredSnapshot | None:
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(self._root)):
            return None
        commits: list[Mapping[str, Any]] = DeltaTable(str(self._root)).history()
        for commit in commits:
            if commit.get(_DIGEST_KEY) == digest:
                return StoredSnapshot(
                    str(self._root), int(commit["version"]), digest, str(commit.get(_DAG_RUN_KEY, ""))
                )
        return None


def canonical(table: "pa.Table") -> "pa.Table":
    """Return the table with the types that a Delta table gives back, so that digests agree."""
    import pyarrow as pa

    fields = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_large_string(kind) or pa.types.is_dictionary(kind) or pa.types.is_string_view(kind):
            kind = pa.string()
        elif pa.types.is_unsigned_integer(kind):
            kind = pa.int64()
        elif pa.types.is_timestamp(kind):
            kind = pa.timestamp("us", kind.tz and "UTC")
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))
