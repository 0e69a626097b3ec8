"""The process that serves: begins, follows the head, answers, and ends without losing anything."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any

from stageline.exceptions import SpecError, StagelineError
from stageline.ledger import Ledger
from stageline.serving.http.answerer import Answerer, Settled
from stageline.serving.http.app import App
from stageline.serving.http.following import Follower, Following
from stageline.serving.http.lineup import Lineup
from stageline.serving.http.measures import Measures
from stageline.serving.http.options import Options
from stageline.serving.http.released import load_released
from stageline.serving.http.served_log import ServedLog
from stageline.serving.http.served_table import FOLDER, ServedTable
from stageline.spec import load_pipeline
from stageline.spec.loading import FOLDER as PIPELINES

if TYPE_CHECKING:
    from stageline.ledger import ModelVersion

JOURNALS = "served_journal"
# A model that spins in Python would keep the others waiting for five times as long.
_SWITCH_SECONDS = 0.001
_BACKLOG = 2_048
_GARBAGE = (10_000, 20, 50)
_DRAIN_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Server:
    """One pipeline, served."""

    def __init__(self, options: Options, stack: ExitStack) -> None:
        self._options = options
        self._began = datetime.now(UTC)
        self._spec = load_pipeline(options.pipeline, options.places.project / PIPELINES).spec
        self._ledger = stack.enter_context(Ledger.open(options.places.ledger_url))
        self._measures = Measures(options.pipeline)
        self._versions = {"mlflow": installed("mlflow"), "stageline": installed("airflow-provider-stageline")}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app: App | None = None
        self._answerers: set[Answerer] = set()
        tables = options.places.tables / options.pipeline
        self._log = ServedLog(
            ServedTable(tables / FOLDER),
            (options.places.journal or tables) / JOURNALS,
            flush_seconds=options.flush_seconds,
            sync=options.sync,
        )
        self._follower = Follower(
            self._ledger, options.pipeline, self._make, self._swap, poll_seconds=options.poll_seconds
        )

    async def run(self) -> None:
        """Serve until a signal says to end.

        :raises StagelineError: It cannot begin, or cannot write the log at the end.
        """
        import uvicorn

        self._loop = asyncio.get_running_loop()
        # First: a port that is taken is told at once. Nobody is let in before the server listens.
        listener = _bound(self._options)
        recovered = await asyncio.to_thread(self._log.recover)
        if recovered:
            say(f"{recovered:,} answers of a server that is gone are in the log now")
        lineup = await asyncio.to_thread(self._follower.begin)
        late = ThreadPoolExecutor(1, "stageline-late")
        self._app = App(
            lineup, self._options, self._log, self._measures,
            status=self.status, version=self._versions["mlflow"], late=late,
        )  # fmt: skip
        self._watch(self._app)
        config = uvicorn.Config(
            self._app, log_config=None, access_log=False, lifespan="off", server_header=False, date_header=False,
            backlog=_BACKLOG, timeout_graceful_shutdown=int(self._options.limits.timeout_ms / 1_000) + 2,
        )  # fmt: skip
        server = uvicorn.Server(config)
        self._log.start()
        self._follower.start()
        # What is loaded now stays: looking through it again and again would cost every hundredth answer.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GARBAGE)
        for number in (signal.SIGTERM, signal.SIGINT):
            # Uvicorn raises a signal again once it has ended: then there is still the log to write.
            signal.signal(number, lambda *_: None)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        host, port = listener.getsockname()[:2]
        if server.started:
            say(f"{self._options.pipeline} is served on http://{host}:{port} (process {os.getpid()})")
        try:
            await serving
        finally:
            await asyncio.to_thread(self._end, late)

    def status(self) -> Mapping[str, Any]:
        """Return what is said of the server."""
        state, app = self._follower.state, self._app
        if state is None or app is None:
            return {}
        lineup, served = app.lineup, app.lineup.served
        return {
            "pipeline": self._options.pipeline,
            **self._versions,
            "process": os.getpid(),
            "began_at": self._began.isoformat(),
            "champion": {"version": lineup.champion.model.version, "digest": served.champion},
            "canary": (
                {"version": lineup.canary.model.version, "digest": served.canary, "percent": served.percent,
                 "sequence": lineup.sequence}
                if lineup.canary else None
            ),
            "position": lineup.head.position,
            "head": {
                "position": state.head.position,
                "age_seconds": round(time.monotonic() - state.read_at, 3),
                "ledger": state.ledger,
            },
            "pending": (
                f"record #{state.head.position} is being loaded"
                if state.head.position != lineup.head.position and not state.fault else ""
            ),
            "fault": state.fault,
            "refused": state.refused,
            "log": {
                "table": str(self._log.table.root),
                "written_rows": self._log.written,
                "waiting_bytes": self._log.backlog_bytes,
                "complete_until": self._log.complete_until.isoformat(),
                "fault": self._log.fault,
            },
        }  # fmt: skip

    def _make(self, version: "ModelVersion") -> Answerer:
        model = load_released(version, self._options, self._spec, self._ledger)
        others = [each.model.log.schema for each in [*self._answerers]]
        self._log.table.require_fits(model.log.schema, others)
        answerer = Answerer(
            model, self._options.limits, self._log, self._measures, deliver=self._deliver, ended=self._let_go
        )
        self._answerers.add(answerer)
        answerer.start()
        return answerer

    def _let_go(self, answerer: Answerer) -> None:
        self._answerers.discard(answerer)

    def _deliver(self, settled: Settled) -> None:
        if self._loop is not None and self._app is not None:
            self._loop.call_soon_threadsafe(self._app.take, settled)

    def _swap(self, lineup: Lineup) -> None:
        """Put a line-up in the place of the one that answers; when this returns, nothing new goes to the old one."""
        if self._loop is None or self._app is None:
            return
        asyncio.run_coroutine_threadsafe(self._put(lineup), self._loop).result()
        say(_words(lineup))

    async def _put(self, lineup: Lineup) -> None:
        if self._app is not None:
            self._app.lineup = lineup

    def _watch(self, app: App) -> None:
        """Let the metrics read what is known anyway."""

        def head(read: Callable[[Following], float]) -> Callable[[], float]:
            return lambda: read(self._follower.state) if self._follower.state else 0.0

        self._measures.watch("head_position", "Record of the head that was read last.", head(lambda s: s.head.position))
        self._measures.watch("ledger_up", "Whether the ledger could be read.", head(lambda s: float(not s.ledger)))
        self._measures.watch(
            "head_age_seconds", "Since the ledger was read.", head(lambda s: time.monotonic() - s.read_at)
        )
        self._measures.watch(
            "head_served",
            "Whether what the head names is served.",
            head(lambda s: float(not s.fault and s.head.position == app.lineup.head.position)),
        )
        self._measures.watch("models_loaded", "That are in memory.", lambda: len(self._answerers))
        self._measures.watch("log_waiting_bytes", "That are not in the log yet.", lambda: self._log.backlog_bytes)
        self._measures.watch("log_up", "Whether the log could be written.", lambda: float(not self._log.fault))
        self._measures.watch(
            "queued_rows", "Rows that wait for a model.",
            lambda: sum(each.queued_rows for each in app.lineup.answerers),
        )  # fmt: skip

    def _end(self, late: ThreadPoolExecutor) -> None:
        """Log what is under way, then write all of the log."""
        self._follower.stop()
        answerers = [*self._answerers]
        for answerer in answerers:
            answerer.retire()
        until = time.monotonic() + _DRAIN_SECONDS
        for answerer in answerers:
            if not answerer.join(max(until - time.monotonic(), 0.0)):
                _log.warning("model version %s does not come back; it is left", answerer.model.version)
        late.shutdown()
        self._log.close()
        say(f"{self._options.pipeline} is served no more; {self._log.written:,} answers were logged")


def serve(options: Options) -> int:
    """Serve a pipeline in this process; returns its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        with ExitStack() as stack, asyncio.Runner(loop_factory=_loop()) as runner:
            runner.run(Server(options, stack).run())
    except StagelineError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the process is a command
        return 1
    except KeyboardInterrupt:  # before it began to serve
        return 1
    return 0


def say(words: str) -> None:
    """Tell whoever watches the process."""
    print(words, flush=True)  # noqa: T201 - the process is a command


def _loop() -> Any:
    import uvloop

    return uvloop.new_event_loop


def _bound(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
    except OSError as error:
        listener.close()
        raise SpecError(
            f"the server cannot listen on {options.host}:{options.port}: {error.strerror}; choose another --port (0: "
            "one that is free)"
        ) from error
    return listener


def _words(lineup: Lineup) -> str:
    canary = lineup.head.canary
    words = f"record #{lineup.head.position}: version {lineup.champion.model.version}"
    if canary is None:
        return words
    if lineup.canary is None:
        return f"{words}; its canary, version {canary.model.version}, cannot be loaded: {lineup.absent}"
    return (
        f"{words}, canary {canary.model.version} at {canary.percent} %"
        if canary.percent
        else (f"{words}, shadow {canary.model.version}")
    )
