"""Files beside a table, of which no reader knows yet."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from stageline.exceptions import ArtifactError

if TYPE_CHECKING:
    import pyarrow as pa

_ABANDONED_AFTER_SECONDS = 86_400.0


@dataclass(frozen=True)
class StagedFile:
    """A file that is whole and on the disk.

    :param name: Its name in the folder.
    """

    name: str
    rows: int
    size_bytes: int


@dataclass
class OpenFile:
    """A file that rows are added to."""

    path: Path
    _writer: Any
    rows: int = 0

    def write(self, batch: "pa.RecordBatch | pa.Table") -> None:
        """Add rows.

        :raises ArtifactError: They cannot be written.
        """
        with _writing(self.path):
            self._writer.write(batch)
        self.rows += batch.num_rows

    def close(self) -> StagedFile:
        """Put all of it on the disk.

        :raises ArtifactError: It cannot be written.
        """
        with _writing(self.path):
            self._writer.close()
            with self.path.open("rb") as content:
                os.fsync(content.fileno())
            size = self.path.stat().st_size
        return StagedFile(self.path.name, self.rows, size)


@dataclass(frozen=True)
class Staging:
    """A folder for one partition's rows, which any process that sees it may write files to.

    :param schema: The rows' columns, without the partition.
    """

    folder: Path
    schema: "pa.Schema"

    @contextmanager
    def open(self) -> Iterator[OpenFile]:
        """Yield a file that is the caller's alone; what is not closed by the end is deleted.

        :raises ArtifactError: It cannot be written.
        """
        from pyarrow import parquet

        path = self.folder / f"{uuid4()}.parquet"
        with _writing(path):
            writer = parquet.ParquetWriter(path, self.schema, store_schema=False)
        try:
            yield OpenFile(path, writer)
        finally:
            if writer.is_open:
                with suppress(OSError):
                    writer.close()
                with suppress(OSError):
                    path.unlink(missing_ok=True)


@contextmanager
def staging(parent: Path, schema: "pa.Schema") -> Iterator[Staging]:
    """Yield a folder to write files to; what is still in it at the end is deleted.

    :raises ArtifactError: It cannot be made.
    """
    folder = parent / str(uuid4())
    with _writing(folder):
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        folder.mkdir()
    try:
        yield Staging(folder, schema)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:
        words = str(error).partition("\n")[0]
        raise ArtifactError(
            f"predictions cannot be written to {str(path.parent)!r}: {words}; nothing was published: mend the place "
            "(is its disk full?) and run the step again"
        ) from error


def _sweep(parent: Path) -> None:
    """Delete what writers left behind that died more than a day ago."""
    for place in parent.iterdir():
        with suppress(OSError):
            # Writing to a file does not touch its folder.
            newest = max(path.stat().st_mtime for path in (place, *place.glob("*")))
            if time.time() - newest > _ABANDONED_AFTER_SECONDS:
                shutil.rmtree(place) if place.is_dir() else place.unlink()
