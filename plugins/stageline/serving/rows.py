"""A source of rows to score: CSV, Parquet, a Delta table, or a data set that comes with a library."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.serving.row_parts import RowPart, TablePart, naming
from stageline.spec.source_path import resolve_inside

if TYPE_CHECKING:
    import pyarrow as pa


class SourceChangedError(SourceError):
    """The rows are not those of one moment."""


@dataclass(frozen=True)
class Seen:
    """What files looked like at a glance: identity, size, when they were last written.

    :param states: Of each path; taken before anything is read of them.
    """

    paths: tuple[Path, ...] = ()
    states: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def of(cls, paths: Sequence[Path]) -> "Seen":
        """Look at files."""
        about = [path.stat() for path in paths]
        return cls(tuple(paths), tuple((each.st_ino, each.st_size, each.st_mtime_ns) for each in about))

    def still(self) -> bool:
        """Whether they look the same."""
        return self.of(self.paths) == self


@dataclass(frozen=True)
class RowSource:
    """Rows that can be read once or more, never all at once.

    :param schema: Their columns; of a CSV file, those whose type training knows, and all others as texts.
    :param digest: `sha256:…` of the file's bytes; of a Delta table, of its list of files; else of the content.
    :param parts: The rows, in their order.
    :param seen: Its files before they were digested.
    """

    uri: str
    schema: "pa.Schema"
    digest: str
    parts: Sequence[RowPart]
    seen: Seen = field(default_factory=Seen)

    @property
    def size_bytes(self) -> int:
        """Bytes of its files; 0 for what was in memory."""
        return sum(size for _, size, _ in self.seen.states)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Make sure that the rows read in the `with` block are those that were digested.

        :raises SourceChangedError: A file changed meanwhile.
        """
        yield
        with naming(self.uri):
            still = self.seen.still()
        if not still:
            raise SourceChangedError(
                f"{self.uri!r}: changed while it was scored; nothing was written. Write it elsewhere and move it "
                "into place, then run again"
            )


def open_rows(uri: str, project: Path, types: "Mapping[str, pa.DataType]") -> RowSource:
    """Open a source without loading it; a data set that comes with a library is loaded.

    :param uri: Path of a file, of a Delta table's folder or of a folder of Parquet files inside the project,
        `sklearn://NAME` or `demo://NAME`.
    :param project: Root folder of the project; a path may not leave it.
    :param types: The types that columns of a CSV file are read with.
    :raises SourceError: The source is missing, unreadable, without columns or outside the project.
    """
    if "://" in uri:
        from stageline.tables.source import read_source

        source = read_source(uri, project)
        return RowSource(uri, source.table.schema, source.digest, (TablePart(source.table),))
    try:
        path = resolve_inside(project, uri)
    except ValueError as error:
        raise SourceError(str(error)) from error
    if not path.exists():
        raise SourceError(f"{uri!r}: there is no such file or folder under {str(project)!r}")
    if path.is_dir():
        return _open_folder(path, uri)
    if not path.is_file():
        raise SourceError(f"{uri!r}: is a device, not a file; name a file or the folder of a Delta table")
    if not path.stat().st_size:
        raise SourceError(f"{uri!r}: the file is empty (0 bytes); expected column names and rows")
    if path.suffix.lower() == ".parquet":
        from stageline.serving.parquet_rows import open_parquet

        return open_parquet([path], uri)
    if path.suffix.lower() == ".csv":
        from stageline.serving.csv_rows import open_csv

        return open_csv(path, uri, types)
    raise SourceError(f"{uri!r}: unknown file type {path.suffix!r}; known: .csv, .parquet, the folder of a Delta table")


def _open_folder(folder: Path, uri: str) -> RowSource:
    if (folder / "_delta_log").is_dir():
        from stageline.serving.delta_rows import open_delta

        return open_delta(folder, uri)
    # Spark writes markers beside its files, and hides them with a dot or a line.
    found = sorted(path for path in folder.iterdir() if not path.name.startswith((".", "_")))
    if not found:
        raise SourceError(
            f"{uri!r}: is a folder without a Delta table and without a Parquet file; expected one with a _delta_log, "
            "one with .parquet files, or a file"
        )
    if others := [path.name for path in found if path.suffix.lower() != ".parquet" or not path.is_file()]:
        raise SourceError(
            f"{uri!r}: is a folder without a Delta table that holds {others[0]!r}; expected .parquet files alone"
        )
    from stageline.serving.parquet_rows import open_parquet

    return open_parquet(found, uri)
