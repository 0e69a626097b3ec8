"""A thread that one model is asked in: rows of many calls at once, each settled exactly once."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.serving.http.answered import Answered
from stageline.serving.http.asking import Asked, Remembering, kind_of, refused_for
from stageline.serving.http.call import ErrorKind, Outcome, Part
from stageline.serving.http.log_columns import Told
from stageline.serving.http.protocol import joined
from stageline.serving.http.refused import INTERNAL, UNAVAILABLE, RefusedRequest

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.serving.features import FeatureRows
    from stageline.serving.http.intake import Form
    from stageline.serving.http.measures import Measures
    from stageline.serving.http.options import Limits
    from stageline.serving.http.released import ReleasedModel
    from stageline.serving.http.served_log import ServedLog

Settled = Sequence[tuple[Part, Outcome]]
_log = logging.getLogger(__name__)


class Answerer:
    """A loaded model and the thread that asks it.

    :param deliver: Takes what became of parts; called from any thread.
    :param ended: Called when the thread ends.
    """

    def __init__(
        self,
        model: "ReleasedModel",
        limits: "Limits",
        log: "ServedLog",
        measures: "Measures",
        *,
        deliver: Callable[[Settled], None],
        ended: "Callable[[Answerer], None]",
    ) -> None:
        self.model, self._limits, self._log, self._deliver = model, limits, log, deliver
        self._measures, self._ended = measures, ended
        self._asked: Asked = Remembering(model.oracle, limits.cached_rows) if limits.cached_rows else model.oracle
        self._queue: queue.SimpleQueue[Part | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        # One writer each: the event loop counts what comes, the thread what it took.
        self._came = self._took = 0
        self._last = 1
        self._warned: set[ErrorKind] = set()
        self._thread = threading.Thread(target=self._run, name=f"stageline-model-{model.version}", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    @property
    def queued_rows(self) -> int:
        """Rows that wait or are being answered."""
        return self._came - self._took

    @property
    def has_room(self) -> bool:
        """Whether more rows may wait."""
        return self.queued_rows < self._limits.queued_rows

    def submit(self, part: Part) -> None:
        """Hand over rows; only the event loop does."""
        self._came += part.rows.count
        self._queue.put(part)

    def retire(self) -> None:
        """End the thread once it has answered what it was handed."""
        self._queue.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for the thread's end; false where the model does not come back."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def give_up(self, part: Part, kind: ErrorKind) -> None:
        """Settle a part in the place of a model that does not answer; logs, so it is no work for the event loop."""
        if not self._claim([part]):
            return
        rows = None
        if part.form is not None:
            with suppress(RefusedRequest):
                rows = self.model.intake.take(part.rows.columns, part.form)
        self._settle([part], Answered(rows, error=kind))

    def _run(self) -> None:
        try:
            self._answer_until_retired()
        finally:
            self._ended(self)

    def _answer_until_retired(self) -> None:
        self._warm_up()
        while (first := self._queue.get()) is not None:
            parts, last = self._gather(first)
            try:
                self._answer_all(parts)
            except Exception:  # noqa: BLE001
                # A fault of ours must not end the thread.
                _log.exception("rows of %s call(s) could not be answered", len(parts))
                fault = RefusedRequest(500, INTERNAL, "the server failed; its log says how")
                self._deliver_all(self._claim(parts), fault)
            self._took += sum(part.rows.count for part in parts)
            if last:
                return

    def _warm_up(self) -> None:
        """Ask about a row of nothing: what a model does only once, it does before it is asked in earnest."""
        import numpy as np
        import pandas as pd

        columns = self.model.intake.columns
        nothing = {name: np.zeros(1) for name in columns.numeric}
        texts = {name: pd.Series([""], dtype=object) for name in columns.categorical}
        with suppress(Exception):  # whatever it says of such a row
            self.model.oracle.answer(pd.DataFrame({**nothing, **texts}))

    def _gather(self, first: Part) -> tuple[list[Part], bool]:
        """Return what waits, up to a batch; only a model that is busy waits a moment for more."""
        parts, rows = [first], first.rows.count
        until = time.perf_counter() + self._limits.batch_wait_ms / 1_000
        wanted = self._last
        while rows < self._limits.batch_rows:
            try:
                part = self._queue.get_nowait()
            except queue.Empty:
                left = until - time.perf_counter()
                if len(parts) >= wanted or left <= 0:
                    break
                try:
                    part = self._queue.get(timeout=left)
                except queue.Empty:
                    break
            if part is None:
                self._last = len(parts)
                return parts, True
            parts.append(part)
            rows += part.rows.count
        self._last = len(parts)
        return parts, False

    def _answer_all(self, parts: Iterable[Part]) -> None:
        by_form: dict[Form, list[Part]] = {}
        for part in parts:
            if part.form is None:
                self.give_up(part, "exception")
            elif not part.settled:
                by_form.setdefault(part.form, []).append(part)
        for form, alike in by_form.items():
            self._answer(form, alike)

    def _answer(self, form: "Form", parts: list[Part]) -> None:
        """Answer rows of one form at once; where that fails, each call's alone, so that it meets its own fate."""
        alone = len(parts) == 1
        rows: FeatureRows | None = None
        try:
            names = self.model.intake.read(form)
            columns = parts[0].rows.columns if alone else joined((part.rows for part in parts), names)
            rows = self.model.intake.take(columns, form)
            found = self._ask(rows)
        except RefusedRequest as refused:
            if alone:
                self._refuse(parts[0], refused)
                return
        except DataError as error:
            if alone:
                kind = kind_of(error)
                self._warn(kind, error)
                self._settle(self._claim(parts), Answered(rows, error=kind))
                return
        else:
            self._settle_claimed(parts, self._claim(parts), found)
            return
        for part in parts:
            if not part.settled:
                self._answer(form, [part])

    def _ask(self, rows: "FeatureRows") -> Answered:
        begun = time.perf_counter()
        answers = self._asked.answer(rows.frame)
        seconds = time.perf_counter() - begun
        self._measures.asked(self.model.version, len(rows.frame), seconds)
        return Answered(rows, answers, model_ms=seconds * 1_000)

    def _warn(self, kind: ErrorKind, error: DataError) -> None:
        """Say once what a model does wrong; the log and the metrics count how often."""
        if kind not in self._warned:
            self._warned.add(kind)
            # The error's own words may quote a row.
            what = f"{kind} ({type(error.__cause__).__name__})" if error.__cause__ else kind
            _log.warning("model version %s: %s; the log tells of each", self.model.version, what)

    def _refuse(self, part: Part, refused: RefusedRequest) -> None:
        """Settle a part that the model cannot take: the caller's fault, unless the champion could have taken it."""
        if part.arm != "champion" and part.call.champion_takes(part.rows):
            self.give_up(part, "exception")
        elif self._claim([part]):
            self._deliver([(part, Outcome(refused=refused))])

    def _claim(self, parts: Sequence[Part]) -> list[Part]:
        """Return those that nobody has settled, which now are the caller's to settle."""
        with self._guard:
            claimed = [part for part in parts if not part.settled]
            for part in claimed:
                part.settled = True
        return claimed

    def _settle_claimed(self, parts: Sequence[Part], claimed: Sequence[Part], found: Answered) -> None:
        """Settle those of the parts that are ours to settle; of the others somebody despaired meanwhile."""
        if len(claimed) == len(parts):
            self._settle(parts, found)
            return
        begin = 0
        for part in parts:
            if part in claimed:
                self._settle([part], found.only(begin, part.rows.count))
            begin += part.rows.count

    def _settle(self, parts: Sequence[Part], found: Answered) -> None:
        """Log claimed rows, and only then tell what became of them."""
        if not parts:
            return
        told = self._told(parts, found.error)

        def make(at: datetime) -> "pa.RecordBatch":
            return self.model.log.batch(found.rows, found.answers, told, at)

        try:
            self._log.append(make)
        except OSError as error:
            _log.error("answers cannot be kept: %s", error.strerror or error)
            self._deliver_all(parts, RefusedRequest(503, UNAVAILABLE, "answers cannot be logged at present"))
            return
        except Exception:  # noqa: BLE001
            # Claimed by us, they would wait for ever.
            _log.exception("answers of model version %s cannot be logged", self.model.version)
            self._deliver_all(parts, RefusedRequest(500, INTERNAL, "the answer cannot be logged"))
            return
        for part in parts:
            self._measures.settled(part.arm, found.error or "", part.rows.count, part.waited_ms / 1_000)
        if found.error is not None:
            self._deliver_all(parts, refused_for(found.error))
            return
        said: list[Any] = found.answers["prediction"].to_pylist()
        begin, settled = 0, []
        for part in parts:
            settled.append((part, Outcome(said[begin : begin + part.rows.count], model_ms=found.model_ms)))
            begin += part.rows.count
        self._deliver(settled)

    def _deliver_all(self, parts: Sequence[Part], refused: RefusedRequest) -> None:
        self._deliver([(part, Outcome(refused=refused.again())) for part in parts])

    def _told(self, parts: Sequence[Part], kind: ErrorKind | None) -> Told:
        waited = [part.waited_ms for part in parts]
        each = [(part, ms) for part, ms in zip(parts, waited, strict=True) for _ in range(part.rows.count)]
        version, digest = parts[0].absent or (self.model.version, self.model.digest)
        return Told(
            version=version,
            digest=digest,
            arms=[part.arm for part, _ in each],
            sequences=[part.sequence for part, _ in each],
            percents=[part.percent for part, _ in each],
            requests=[part.call.request_id for part, _ in each],
            places=[place for part in parts for place in part.places],
            latency_ms=[ms for _, ms in each],
            error=kind,
        )
