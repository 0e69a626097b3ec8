"""Rows to score, read a batch at a time: CSV, Parquet, a Delta table, or a data set that comes with a library."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.spec.source_path import resolve_inside
from stageline.tables.parsed_file import RejectedLine

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 65_536
_KEPT_LINES = 20


class SourceChangedError(SourceError):
    """The rows are not those of one moment."""


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


@dataclass(frozen=True)
class RowSource:
    """Rows that can be read once or more, never all at once.

    :param schema: Their columns; of a CSV file, those whose type training knows, and all others as texts.
    :param digest: `sha256:…` of the file's bytes; of a Delta table, of its list of files; else of the content.
    :param read: Yields batches of the columns asked for.
    :param ragged: Filled while the rows are read.
    :param state: What tells the source from a changed one, at a glance.
    """

    uri: str
    schema: "pa.Schema"
    digest: str
    read: "Callable[[Sequence[str]], Iterator[pa.RecordBatch]]"
    state: Callable[[], object] = lambda: None
    ragged: RaggedLines = field(default_factory=RaggedLines)

    def batches(self, columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        """Yield the rows, and make sure at the end that they are those of one moment.

        :raises SourceError: They cannot be read to the end.
        :raises SourceChangedError: The file changed meanwhile.
        """
        before = self.state()
        with naming(self.uri):
            yield from self.read(columns)
        if self.state() != before:
            raise SourceChangedError(
                f"{self.uri!r}: changed while it was scored; nothing was written. Write it elsewhere and move it "
                "into place, then run again"
            )


def open_rows(uri: str, project: Path, types: "Mapping[str, pa.DataType]") -> RowSource:
    """Open a source without loading it; a data set that comes with a library is loaded.

    :param uri: Path of a file or of a Delta table's folder inside the project, `sklearn://NAME` or `demo://NAME`.
    :param project: Root folder of the project; a path may not leave it.
    :param types: The types that columns of a CSV file are read with.
    :raises SourceError: The source is missing, unreadable, without columns or outside the project.
    """
    if "://" in uri:
        return _in_memory(uri, project)
    try:
        path = resolve_inside(project, uri)
    except ValueError as error:
        raise SourceError(str(error)) from error
    if not path.exists():
        raise SourceError(f"{uri!r}: there is no such file or folder under {str(project)!r}")
    if path.is_dir():
        from stageline.serving.delta_rows import open_delta

        return open_delta(path, uri)
    if not path.is_file():
        raise SourceError(f"{uri!r}: is a device, not a file; name a file or the folder of a Delta table")
    if not path.stat().st_size:
        raise SourceError(f"{uri!r}: the file is empty (0 bytes); expected column names and rows")
    if path.suffix.lower() == ".parquet":
        from stageline.serving.parquet_rows import open_parquet

        return open_parquet(path, uri)
    if path.suffix.lower() == ".csv":
        from stageline.serving.csv_rows import open_csv

        return open_csv(path, uri, types)
    raise SourceError(f"{uri!r}: unknown file type {path.suffix!r}; known: .csv, .parquet, the folder of a Delta table")


def file_state(path: Path) -> tuple[int, int, int]:
    """Return what changes when a file does: its identity, its size and when it was last written."""
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


@contextmanager
def naming(uri: str) -> Iterator[None]:
    """Turn what Arrow says about a source into an error that names it.

    :raises SourceError: In place of Arrow's own.
    """
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise SourceError(f"{uri!r}: cannot be read as a table: {words[0]}; mend or replace it") from error


def _in_memory(uri: str, project: Path) -> RowSource:
    from stageline.tables.source import read_source

    source = read_source(uri, project)

    def read(columns: Sequence[str]) -> "Iterator[pa.RecordBatch]":
        yield from source.table.select(list(columns)).to_batches(max_chunksize=BATCH_ROWS)

    return RowSource(uri, source.table.schema, source.digest, read)
