"""Versioned Delta tables of feature snapshots: the same content is stored once, whoever writes it again."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.tables.digest import digest_table
from stageline.tables.kept_types import canonical

if TYPE_CHECKING:
    import pyarrow as pa

_DIGEST_KEY = "stageline.digest"
_DAG_RUN_KEY = "stageline.dag_run"
_ATTEMPTS = 10
_MISREAD = re.compile(r"[]#?[|\\^]|%[0-9A-Fa-f]{2}")
# One file holds all rows: a reader may take several files in any order.
_ONE_FILE = 2**40


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
        second copy behind. A version whose files were changed since does not count.

        :raises DataError: A column has a type that no Delta table keeps.
        :raises ArtifactError: Other runs were always faster, or Delta cannot keep a table there.
        """
        from deltalake.exceptions import CommitFailedError

        table = canonical(table)
        digest = digest_table(table)
        if wrong := _MISREAD.search(str(self._root)):
            raise ArtifactError(
                f"no snapshot can be kept in {str(self._root)!r}: Delta misreads {wrong.group()!r} in a path; "
                "choose another [stageline] home"
            )
        self._root.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS):
            if (stored := self._find(digest)) is not None:
                return stored
            # Another run of the pipeline may write at the same moment; Delta then lets one of the two pass.
            with suppress(CommitFailedError):
                self._append_version(table, digest, dag_run)
        raise ArtifactError(
            f"snapshot {digest} is not in the history of {str(self._root)!r} after {_ATTEMPTS} attempts to write it; "
            "other runs of the pipeline write at the same time: try again"
        )

    def read(self, version: int, *, digest: str) -> "pa.Table":
        """Return a stored snapshot, after checking that it is the one meant.

        :raises ArtifactError: The version is gone or its content is another.
        """
        import pyarrow as pa
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
        from pyarrow import parquet

        try:
            names = [uri.rpartition("/")[2] for uri in DeltaTable(str(self._root), version=version).file_uris()]
            # Not by Delta's own reader: the threads it leaves behind now and then abort Python at its end.
            files = [parquet.ParquetFile(self._root / name).read(use_threads=False) for name in names]
            table = canonical(pa.concat_tables(files))
        except (DeltaError, OSError, pa.ArrowException) as error:
            words = str(error).partition("\n")[0]
            raise ArtifactError(
                f"snapshot version {version} of {str(self._root)!r} cannot be read: {words}; "
                "run the features step again"
            ) from error
        found = digest_table(table)
        if found != digest:
            raise ArtifactError(
                f"snapshot version {version} of {str(self._root)!r} has digest {found}, recorded was {digest}: "
                "its files were changed; run the features step again"
            )
        return table

    def _append_version(self, table: "pa.Table", digest: str, dag_run: str) -> None:
        from deltalake import CommitProperties, write_deltalake

        write_deltalake(
            str(self._root),
            table,
            mode="overwrite",
            schema_mode="overwrite",
            target_file_size=_ONE_FILE,
            commit_properties=CommitProperties(custom_metadata={_DIGEST_KEY: digest, _DAG_RUN_KEY: dag_run}),
        )

    def _find(self, digest: str) -> StoredSnapshot | None:
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(self._root)):
            return None
        commits: list[Mapping[str, Any]] = DeltaTable(str(self._root)).history()
        for commit in commits:
            if commit.get(_DIGEST_KEY) == digest and self._holds(version := int(commit["version"]), digest):
                return StoredSnapshot(str(self._root), version, digest, str(commit.get(_DAG_RUN_KEY, "")))
        return None

    def _holds(self, version: int, digest: str) -> bool:
        try:
            self.read(version, digest=digest)
        except ArtifactError:
            return False
        return True
