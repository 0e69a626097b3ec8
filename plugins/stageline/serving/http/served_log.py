"""From answers to the log: kept in a journal before they are given, written to Delta a little later."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError, StagelineError
from stageline.serving.http.journal import Journal
from stageline.serving.http.served_table import ServedTable

if TYPE_CHECKING:
    import pyarrow as pa

_FLUSH_BYTES = 8_000_000
_LOOK_SECONDS = 0.2
_log = logging.getLogger(__name__)


class ServedLog:
    """The log of one server; threads may share it.

    :param folder: Of journals: this server's own, and what others left.
    :param flush_seconds: Longest time that rows wait to be written to the table.
    """

    def __init__(self, table: ServedTable, folder: Path, *, flush_seconds: float, sync: bool = False) -> None:
        self.table, self._folder, self._flush_seconds = table, folder, flush_seconds
        self._journal = Journal.begin(folder, sync=sync)
        self._guard, self._flushing = threading.Lock(), threading.Lock()
        self._open: set[datetime] = set()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stageline-log", daemon=True)
        self.fault = ""
        self.written = 0
        self.complete_until = datetime.now(UTC)
        self._backlog = 0

    def recover(self) -> int:
        """Write what servers left behind that are gone; returns its rows.

        :raises ArtifactError: The log cannot be written.
        """
        rows = 0
        for journal in Journal.left_behind(self._folder):
            try:
                rows += self._write(journal)
            finally:
                journal.close()
        return rows

    def start(self) -> None:
        """Begin to write, now and then."""
        self._thread.start()

    def append(self, make: "Callable[[datetime], pa.RecordBatch]") -> None:
        """Keep rows: when this returns, they outlive the process.

        :param make: Makes the rows, given the time that they are answered at.
        :raises OSError: They cannot be kept.
        """
        with self._guard:
            at = datetime.now(UTC)
            # Two may begin in the same microsecond, and one end before the other.
            while at in self._open:
                at = datetime.now(UTC)
            self._open.add(at)
        try:
            self._journal.append(make(at))
        finally:
            with self._guard:
                self._open.discard(at)

    @property
    def backlog_bytes(self) -> int:
        """Bytes that wait to be written to the table."""
        return self._backlog + self._journal.size

    @property
    def waiting_rows(self) -> int:
        """Rows in the file of the journal that is added to."""
        return self._journal.rows

    def flush(self) -> None:
        """Write all that waits.

        :raises ArtifactError: The log cannot be written; what waits is kept.
        """
        with self._flushing:
            with self._guard:
                complete = min(self._open, default=datetime.now(UTC))
                self._journal.rotate()
            try:
                self.written += self._write(self._journal)
            except StagelineError as error:
                self.fault = str(error)
                raise
            finally:
                self._backlog = sum(segment.size for segment in self._journal.full())
            self.fault, self.complete_until = "", complete

    def close(self) -> None:
        """Write all that waits, and stop.

        :raises ArtifactError: The log cannot be written; what waits is kept for the next start.
        """
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self.flush()
        finally:
            self._journal.close()

    def _write(self, journal: Journal) -> int:
        rows = 0
        for segment in journal.full():
            added, aside = self.table.add(journal.name, segment)
            rows += added
            if aside is not None:
                _log.error("a part of %s cannot be read: %s row(s) before it are in the log", aside, added)
        return rows

    def _run(self) -> None:
        flushed = time.monotonic()
        while not self._ending.wait(_LOOK_SECONDS):
            # What cannot be written is not tried any faster for being much.
            full = self.backlog_bytes >= _FLUSH_BYTES and not self.fault
            if time.monotonic() - flushed < self._flush_seconds and not full:
                continue
            try:
                self.flush()
            except ArtifactError as error:
                _log.error("%s", error)
            except Exception:  # noqa: BLE001
                # What waits is kept, and tried again.
                _log.exception("the log cannot be written")
            flushed = time.monotonic()
