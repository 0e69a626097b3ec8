"""Answers on their way to the log: files that outlive the process, read back by whoever comes next."""

import fcntl
import os
import shutil
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from stageline.exceptions import ArtifactError

if TYPE_CHECKING:
    import pyarrow as pa

# Kind, number of the schema, bytes, checksum.
_FRAME = struct.Struct("<cIII")
_SCHEMA, _BATCH = b"S", b"B"
_SUFFIX, _DAMAGED, _LOCK = ".journal", ".damaged", "lock"
_SEGMENT_BYTES = 8_000_000


@dataclass(frozen=True)
class Segment:
    """A file of a journal that nothing is added to any more.

    :param number: Of a journal, each comes once.
    """

    path: Path
    number: int

    @property
    def size(self) -> int:
        """Bytes."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def read(self) -> "tuple[list[pa.RecordBatch], bool]":
        """Return what was written whole, and whether more follows that cannot be read.

        What a process was writing when it was killed was never acknowledged; it stands at the end.
        """
        import pyarrow as pa

        data, at = self.path.read_bytes(), 0
        schemas: list[pa.Schema] = []
        batches: list[pa.RecordBatch] = []
        while at + _FRAME.size <= len(data):
            kind, number, size, checksum = _FRAME.unpack_from(data, at)
            content = data[at + _FRAME.size : at + _FRAME.size + size]
            if len(content) < size:
                break
            if zlib.crc32(content) != checksum:
                # Cut short, a frame would be the last.
                return batches, at + _FRAME.size + size < len(data)
            if kind == _SCHEMA:
                schemas.append(pa.ipc.read_schema(pa.py_buffer(content)))
            else:
                batches.append(pa.ipc.read_record_batch(pa.py_buffer(content), schemas[number]))
            at += _FRAME.size + size
        return batches, False

    def forget(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)

    def put_aside(self) -> Path:
        """Keep a damaged file under a name that nobody reads."""
        return self.path.rename(self.path.with_suffix(_DAMAGED))


class Journal:
    """What one process adds to; threads may share it.

    :param folder: Its own; nobody else writes there while this process lives.
    :param sync: Whether what is added is on the disk when `append` returns, not only with the operating system.
    """

    def __init__(self, folder: Path, lock: int, *, sync: bool) -> None:
        self.folder, self._lock_file, self._sync = folder, lock, sync
        self.name = folder.name
        self._guard = threading.Lock()
        self._number = max((segment.number for segment in segments_of(folder)), default=0)
        self._file: int | None = None
        self._size = self._rows = 0
        self._schemas: list[pa.Schema] = []

    @classmethod
    def begin(cls, parent: Path, *, sync: bool = False) -> Self:
        """Begin a journal in a folder of its own.

        :raises ArtifactError: It cannot be made.
        """
        try:
            parent.mkdir(parents=True, exist_ok=True)
            draft = parent / f".{uuid4()}"
            draft.mkdir()
            lock = _locked(draft)
            folder = parent / str(uuid4())
            # Locked before anybody can see it.
            draft.rename(folder)
        except OSError as error:
            raise ArtifactError(f"no journal can be kept in {str(parent)!r}: {error.strerror or error}") from error
        if lock is None:
            raise ArtifactError(f"the journal {str(folder)!r} is locked by another process")
        return cls(folder, lock, sync=sync)

    @classmethod
    def left_behind(cls, parent: Path) -> Iterator[Self]:
        """Yield the journals of processes that are gone, each locked until it is closed."""
        for folder in sorted(parent.glob("*")) if parent.is_dir() else ():
            if folder.name.startswith(".") or not folder.is_dir():
                continue
            with suppress(FileNotFoundError):  # its owner took it away just now
                if (lock := _locked(folder)) is not None:
                    yield cls(folder, lock, sync=False)

    @property
    def size(self) -> int:
        """Bytes in the file that is added to."""
        return self._size

    @property
    def rows(self) -> int:
        """Rows in that file."""
        return self._rows

    def append(self, batch: "pa.RecordBatch") -> None:
        """Add rows: when this returns, they outlive the process.

        :raises OSError: They are not there.
        """
        with self._guard:
            if self._file is None or self._size >= _SEGMENT_BYTES:
                self._begin_segment()
            frames = []
            number = next((at for at, known in enumerate(self._schemas) if known.equals(batch.schema)), None)
            if number is None:
                number = len(self._schemas)
                frames.append(_frame(_SCHEMA, number, batch.schema.serialize()))
            frames.append(_frame(_BATCH, number, batch.serialize()))
            self._write(b"".join(frames))
            if number == len(self._schemas):
                self._schemas.append(batch.schema)
            self._rows += batch.num_rows

    def rotate(self) -> None:
        """End the file that is added to, if it holds rows."""
        with self._guard:
            self._end_segment()

    def full(self) -> list[Segment]:
        """Return the files that nothing is added to any more, the oldest first."""
        with self._guard:
            # Listed while nobody may begin another: of one that is begun meanwhile, nobody would know that it is open.
            current = self._number if self._file is not None else None
            return [segment for segment in segments_of(self.folder) if segment.number != current]

    def close(self) -> None:
        """Let go of it, and delete the folder if nothing is left in it."""
        self.rotate()
        if not any(self.folder.glob(f"*{_SUFFIX}")) and not any(self.folder.glob(f"*{_DAMAGED}")):
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self._lock_file)

    def _begin_segment(self) -> None:
        self._end_segment()
        path = self.folder / f"{self._number + 1:012}{_SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._number += 1
        if self._sync:
            _sync_folder(self.folder)

    def _end_segment(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file, self._size, self._rows, self._schemas = None, 0, 0, []

    def _write(self, data: bytes) -> None:
        file = self._file
        if file is None:
            raise OSError("the journal has no open file")
        written = 0
        try:
            while written < len(data):
                written += os.write(file, data[written:])
            if self._sync:
                os.fdatasync(file)
        except OSError:
            # Half a frame in the middle would hide what follows.
            try:
                os.ftruncate(file, self._size)
            except OSError:
                self._end_segment()
            raise
        self._size += len(data)


def segments_of(folder: Path) -> list[Segment]:
    """Return the files of a journal, the oldest first."""
    return [Segment(path, int(path.stem)) for path in sorted(folder.glob(f"*{_SUFFIX}"))]


def _frame(kind: bytes, number: int, content: "pa.Buffer") -> bytes:
    data: bytes = content.to_pybytes()
    return _FRAME.pack(kind, number, len(data), zlib.crc32(data)) + data


def _locked(folder: Path) -> int | None:
    """Return an open file that is locked while it is open, or none where another process has it."""
    file = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
