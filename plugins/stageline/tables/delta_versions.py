"""A Delta table whose versions are found again by what was written into them: no retry writes twice."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stageline.exceptions import ArtifactError

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

_DIGEST_KEY = "stageline.digest"
_DAG_RUN_KEY = "stageline.dag_run"
_ATTEMPTS = 10
_MISREAD = re.compile(r"[]#?[|\\^]|%[0-9A-Fa-f]{2}")
# One file holds all rows of a write: a reader may take several files in any order.
_ONE_FILE = 2**40
_BATCH_ROWS = 8_192


@dataclass(frozen=True)
class Version:
    """A version of a Delta table.

    :param digest: `sha256:…` of what was written with it.
    :param written_by: The DAG run that wrote it.
    """

    number: int
    digest: str
    written_by: str


@dataclass(frozen=True)
class DeltaVersions:
    """The versions of one Delta table.

    :param root: The table's folder; made on the first write.
    :param called: How errors call a version, e.g. `snapshot`.
    :param mend: What an error about a version asks for, e.g. `run the features step again`.
    :param mode: Whether a version holds what was written with it alone, or all before it too.
    :param typed: Gives a table the types that it has after it was read back.
    :param digest_of: Gives the digest by which a write is found again.
    """

    root: Path
    called: str
    mend: str
    mode: Literal["append", "overwrite"]
    typed: "Callable[[pa.Table], pa.Table]"
    digest_of: "Callable[[pa.Table], str]"

    def write(self, table: "pa.Table", *, dag_run: str) -> Version:
        """Write rows, or return the version with which the same content was written already.

        The digest stands in Delta's own commit, so a writer that died before telling anyone leaves no
        second copy behind. A version whose files were changed since does not count.

        :raises ArtifactError: Other runs were always faster, or the table cannot be written or read.
        """
        from deltalake import CommitProperties, PostCommitHookProperties, write_deltalake
        from deltalake.exceptions import CommitFailedError, DeltaError

        table = self.typed(table)
        digest = self.digest_of(table)
        content = _in_one_chunk(table)
        place = str(self.root)
        if wrong := _MISREAD.search(place):
            raise ArtifactError(
                f"no {self.called} can be kept in {place!r}: Delta misreads {wrong.group()!r} in a path; "
                "choose another [stageline] home"
            )
        for _ in range(_ATTEMPTS):
            present = self._open()
            if present and (version := self._find(present, digest)) is not None:
                return version
            try:
                self.root.parent.mkdir(parents=True, exist_ok=True)
                write_deltalake(
                    present or place,
                    content,
                    mode=self.mode if present else "error",
                    schema_mode="overwrite" if present and self.mode == "overwrite" else None,
                    target_file_size=_ONE_FILE,
                    # Whoever finds that another was faster looks again whether the content is there by now.
                    commit_properties=CommitProperties(
                        custom_metadata={_DIGEST_KEY: digest, _DAG_RUN_KEY: dag_run}, max_commit_retries=0
                    ),
                    # Records name versions for years; Delta would forget them after 30 days.
                    post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
                )
            except CommitFailedError:
                continue
            except (DeltaError, OSError) as error:
                if present is None and self._open() is not None:
                    continue  # another run of the pipeline made the table at the same moment
                raise ArtifactError(
                    f"{self.called} {digest} cannot be written to {place!r}: {_first_line(error)}; "
                    "mend the place (is its disk full?) and run the step again"
                ) from error
        raise ArtifactError(
            f"{self.called} {digest} is not in the history of {place!r} after {_ATTEMPTS} attempts to write it; "
            "other runs of the pipeline write at the same time: try again"
        )

    def read(self, number: int, *, digest: str) -> "pa.Table":
        """Return what was written with a version, after checking that it is the one meant.

        :raises ArtifactError: The version is gone or its content is another.
        """
        import pyarrow as pa

        with self._reading(f"version {number} of "):
            files = self._table(number).file_uris()
            if self.mode == "append" and number > 0:
                earlier = set(self._table(number - 1).file_uris())
                files = [file for file in files if file not in earlier]
            table = self.typed(pa.concat_tables([self._load(file) for file in files]))
        found = self.digest_of(table)
        if found != digest:
            raise ArtifactError(
                f"{self.called} version {number} of {str(self.root)!r} has digest {found}, recorded was {digest}: "
                f"its files were changed; {self.mend}"
            )
        return table

    def size_bytes(self, number: int) -> int:
        """Return the bytes of all files of a version.

        :raises ArtifactError: The version is gone.
        """
        with self._reading(f"version {number} of "):
            files = self._table(number).file_uris()
            return sum((self.root / file.rpartition("/")[2]).stat().st_size for file in files)

    def scan(
        self, columns: Sequence[str] | None = None, *, among: "Mapping[str, pa.Array] | None" = None
    ) -> "Iterator[pa.Table]":
        """Yield the rows of the newest version, file by file; none where nothing was ever written.

        :param columns: The columns to read; default: all.
        :param among: Keep only rows whose value in each of these columns is among the given ones.
        :raises ArtifactError: A file is gone or cannot be read.
        """
        present = self._open()
        for file in present.file_uris() if present else ():
            with self._reading(""):
                table = self._load(file, columns, among or {})
            yield table

    def _open(self) -> "DeltaTable | None":
        from deltalake import DeltaTable

        with self._reading(""):
            return self._table(None) if DeltaTable.is_deltatable(str(self.root)) else None

    def _table(self, number: int | None) -> "DeltaTable":
        from deltalake import DeltaTable

        return DeltaTable(str(self.root), version=number)

    def _load(
        self, file: str, columns: Sequence[str] | None = None, among: "Mapping[str, pa.Array] | None" = None
    ) -> "pa.Table":
        import pyarrow as pa
        import pyarrow.compute as pc
        from pyarrow import parquet

        # Not by Delta's own reader: the threads it leaves behind now and then abort Python at its end.
        with parquet.ParquetFile(self.root / file.rpartition("/")[2]) as content:
            batches = []
            # In batches: Arrow reads no more than 2 GB of texts within lists or maps at once.
            for batch in content.iter_batches(_BATCH_ROWS, columns=columns, use_threads=False):
                part = pa.Table.from_batches([batch])
                for column, values in (among or {}).items():
                    part = part.filter(pc.is_in(part[column].cast(values.type), value_set=values))
                batches.append(part)
            return pa.concat_tables(batches or [content.schema_arrow.empty_table()])

    def _find(self, present: "DeltaTable", digest: str) -> Version | None:
        with self._reading(""):
            commits: list[Mapping[str, Any]] = list(present.history())
        # Delta numbers its history from the version that was opened, even if others wrote since.
        newer = max(len(commits) - (present.version() + 1), 0)
        for commit in commits:
            if commit.get(_DIGEST_KEY) == digest and self._holds(number := int(commit["version"]) + newer, digest):
                return Version(number, digest, str(commit.get(_DAG_RUN_KEY, "")))
        return None

    def _holds(self, number: int, digest: str) -> bool:
        try:
            self.read(number, digest=digest)
        except ArtifactError:
            return False
        return True

    @contextmanager
    def _reading(self, which: str) -> Iterator[None]:
        import pyarrow as pa
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, OSError, pa.ArrowException, KeyError) as error:
            raise ArtifactError(
                f"{self.called} {which}{str(self.root)!r} cannot be read: {_first_line(error)}; {self.mend}"
            ) from error


def _in_one_chunk(table: "pa.Table") -> "pa.Table":
    """Return the table in one piece: Delta writes several pieces in any order."""
    import pyarrow as pa

    # 32-bit offsets would cut two gigabytes of texts into pieces again.
    wide = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}
    kinds = [(field.name, wide.get(field.type, field.type)) for field in table.schema]
    return table.cast(pa.schema(kinds)).combine_chunks()


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
