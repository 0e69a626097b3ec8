"""Following the ledger's head: what it names is loaded beside what answers, and then takes its place at once."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.exceptions import ArtifactError, Outage, StagelineError
from stageline.serving.http.lineup import Lineup

if TYPE_CHECKING:
    from stageline.ledger import Head, Ledger, ModelVersion
    from stageline.serving.http.answerer import Answerer

# What could not be loaded is tried again: MLflow may be back.
_AGAIN_SECONDS = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Following:
    """How the server stands to the ledger.

    :param head: The newest that was read, as it is to be served now.
    :param read_at: Of a monotonic clock.
    :param ledger: Why the ledger could not be read last time; empty: it could.
    :param fault: Why what the head names is not served; empty: it is, or is being loaded.
    :param refused: Whether trying again changes nothing.
    """

    head: "Head"
    read_at: float
    ledger: str = ""
    fault: str = ""
    refused: bool = False


class Follower:
    """A thread that keeps the line-up what the head says.

    :param make: Loads a model and gives it a thread.
    :param swap: Puts a line-up in the place of the one that answers; returns when that is done.
    """

    def __init__(
        self, ledger: "Ledger", pipeline: str, make: "Callable[[ModelVersion], Answerer]",
        swap: Callable[[Lineup], None], *, poll_seconds: float,
    ) -> None:  # fmt: skip
        self._ledger, self._pipeline, self._make, self._swap = ledger, pipeline, make, swap
        self._poll_seconds = poll_seconds
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stageline-head", daemon=True)
        self._lineup: Lineup | None = None
        self._tried = 0.0
        self.state: Following | None = None

    def begin(self) -> Lineup:
        """Return what the head names, loaded.

        :raises ArtifactError: There is no champion, or it cannot be loaded.
        :raises Outage: The ledger cannot be reached.
        """
        head = self._ledger.head(self._pipeline).live(datetime.now(UTC))
        if head.champion is None:
            raise ArtifactError(
                f"pipeline {self._pipeline!r} has no champion: no model was ever released; run its training and "
                "approve the release first"
            )
        self._lineup, fault, refused = self._load(head)
        self.state = Following(head, time.monotonic(), fault=fault, refused=refused)
        self._tried = time.monotonic()
        return self._lineup

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Follow no more."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(self._poll_seconds + 1)

    def _run(self) -> None:
        while not self._ending.wait(self._poll_seconds):
            try:
                self._look()
            except Exception:  # noqa: BLE001
                # Whatever happens here, the last line-up goes on answering.
                _log.exception("the head of %r cannot be followed", self._pipeline)

    def _look(self) -> None:
        state = self.state
        if state is None or self._lineup is None:
            return
        read, read_at, unread = state.head, state.read_at, ""
        try:
            read, read_at = self._ledger.head(self._pipeline), time.monotonic()
        except StagelineError as error:
            unread = str(error)
            if not state.ledger:
                _log.warning("the last head is kept: %s", error)
        # Also while the ledger is away: a canary whose time is over leaves the traffic.
        head = read.live(datetime.now(UTC))
        moved = (head.position, head.canary) != (state.head.position, state.head.canary)
        again = bool(state.fault) and time.monotonic() - self._tried > _AGAIN_SECONDS
        fault, refused = ("", False) if moved else (state.fault, state.refused)
        self.state = Following(head, read_at, unread, fault, refused)
        if not moved and not again:
            return
        self._tried = time.monotonic()
        try:
            lineup, fault, refused = self._load(head)
        except StagelineError as error:
            fault, refused = str(error), not isinstance(error, Outage)
            _log.warning("record #%s of %r is not served: %s", head.position, self._pipeline, fault)
        else:
            before, self._lineup = self._lineup, lineup
            self._swap(lineup)
            for answerer in before.answerers:
                if answerer not in lineup.answerers:
                    answerer.retire()
        self.state = Following(head, read_at, unread, fault, refused)

    def _load(self, head: "Head") -> tuple[Lineup, str, bool]:
        """Return a line-up, and why its canary is missing.

        :raises StagelineError: The champion cannot be loaded.
        """
        if head.champion is None:
            raise ArtifactError(f"pipeline {self._pipeline!r} has no champion any more")
        running = self._lineup.answerers if self._lineup else ()
        known = {(one.model.version, one.model.digest): one for one in running}

        def answerer_of(version: "ModelVersion") -> "Answerer":
            return known.get((version.version, version.digest)) or self._make(version)

        champion = answerer_of(head.champion)
        if head.canary is None:
            return Lineup(head, champion), "", False
        try:
            canary = answerer_of(head.canary.model)
        except StagelineError as error:
            _log.warning("the canary of %r is not served: %s", self._pipeline, error)
            return Lineup(head, champion, absent=str(error)), str(error), not isinstance(error, Outage)
        return Lineup(head, champion, canary), "", False
