"""A thread that one model is asked in: rows of many calls at once, each settled exactly once."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.serving.http.asking import Asked, Remembering, kind_of, refused_for
from stageline.serving.http.call import ErrorKind, Outcome, Part
from stageline.serving.http.log_columns import Told
from stageline.serving.http.protocol import joined
from stageline.serving.http.refused import UNAVAILABLE, RefusedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    :param fallible: Whether a part that the model cannot take may still be the caller's fault; says so for a part.
    """

    def __init__(
        self, model: "ReleasedModel", limits: "Limits", log: "ServedLog", measures: "Measures",
        deliver: Callable[[Settled], None],
    ) -> None:  # fmt: skip
        self.model, self._limits, self._log, self._deliver = model, limits, log, deliver
        self._measures = measures
        self._asked: Asked = (
            Remembering(model.oracle, limits.cached_rows) if limits.cached_rows else model.oracle
        )
        self._queue: queue.SimpleQueue[Part | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        # One writer each: the event loop counts what comes, the thread what it took.
        self._came = self._took = 0
        self._last = 1
        self._thread = threading.Thread(target=self._run, name=f"stageline-model-{model.version}", daemon=True)
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
            try:
                rows = self.model.intake.take(part.rows.columns, part.form)
            except RefusedRequest:
                rows = None
        self._settle([part], rows, {}, kind)

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            parts, last = self._gather(first)
            try:
                self._answer_all(parts)
            except Exception:
                # A fault of ours must not end the thread: whoever waits gets a 504 in the end.
                _log.exception("rows of %s call(s) could not be answered", len(parts))
            self._took += sum(part.rows.count for part in parts)
            if last:
                return

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
        intake = self.model.intake
        rows: FeatureRows | None = None
        try:
            names = intake.read(form)
            columns = parts[0].rows.columns if len(parts) == 1 else joined((part.rows for part in parts), names)
            rows = intake.take(columns, form)
            answers = self._ask(rows)
        except RefusedRequest as refused:
            if len(parts) == 1:
                self._refuse(parts[0], refused)
                return
        except DataError as error:
            if len(parts) == 1:
                kind = kind_of(error)
                # The error's own words may quote a row.
                _log.warning("model version %s: %s (%s)", self.model.version, kind, type(error.__cause__).__name__)
                if self._claim(parts):
                    self._settle(parts, rows, {}, kind)
                return
        else:
            claimed = self._claim(parts)
            self._settle_some(parts, claimed, rows, answers)
            return
        for part in parts:
            if not part.settled:
                self._answer(form, [part])

    def _ask(self, rows: "FeatureRows") -> "Mapping[str, pa.Array]":
        begun = time.perf_counter()
        answers = self._asked.answer(rows.frame)
        self._measures.asked(self.model.version, len(rows.frame), time.perf_counter() - begun)
        return answers

    def _refuse(self, part: Part, refused: RefusedRequest) -> None:
        """Settle a part that the model cannot take: the caller's fault, unless the champion could have taken it."""
        if part.arm != "champion" and part.call.champion_takes(part):
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

    def _settle_some(
        self, parts: Sequence[Part], claimed: Sequence[Part], rows: "FeatureRows", answers: "Mapping[str, pa.Array]"
    ) -> None:
        if len(claimed) == len(parts):
            self._settle(parts, rows, answers, None)
            return
        begin = 0
        for part in parts:
            if part in claimed:
                self._settle([part], _slice(rows, begin, part.rows.count),
                             {name: each.slice(begin, part.rows.count) for name, each in answers.items()}, None)  # fmt: skip
            begin += part.rows.count

    def _settle(
        self, parts: Sequence[Part], rows: "FeatureRows | None", answers: "Mapping[str, pa.Array]",
        kind: ErrorKind | None,
    ) -> None:  # fmt: skip
        """Log claimed rows, and only then tell what became of them."""
        told = self._told(parts, kind)

        def make(at: datetime) -> "pa.RecordBatch":
            return self.model.log.batch(rows, answers, told, at)

        try:
            self._log.append(make)
        except OSError as error:
            _log.error("answers cannot be kept: %s", error.strerror or error)  # noqa: TRY400 - its words say it all
            refused = RefusedRequest(503, UNAVAILABLE, "answers cannot be logged at present: the journal is not writable")
            self._deliver([(part, Outcome(refused=refused)) for part in parts])
            return
        for part in parts:
            self._measures.settled(part.arm, kind or "", part.rows.count, part.waited_ms / 1_000)
        if kind is not None:
            self._deliver([(part, Outcome(refused=refused_for(kind))) for part in parts])
            return
        said: list[Any] = answers["prediction"].to_pylist()
        begin, settled = 0, []
        for part in parts:
            settled.append((part, Outcome(said[begin : begin + part.rows.count])))
            begin += part.rows.count
        self._deliver(settled)

    def _told(self, parts: Sequence[Part], kind: ErrorKind | None) -> Told:
        waited = [part.waited_ms for part in parts]
        each = [(part, ms) for part, ms in zip(parts, waited, strict=True) for _ in range(part.rows.count)]
        return Told(
            version=self.model.version,
            digest=self.model.digest,
            arms=[part.arm for part, _ in each],
            sequences=[part.sequence for part, _ in each],
            percents=[part.percent for part, _ in each],
            requests=[part.call.request_id for part, _ in each],
            places=[place for part in parts for place in part.places],
            latency_ms=[ms for _, ms in each],
            error=kind,
        )


def _slice(rows: "FeatureRows", begin: int, count: int) -> "FeatureRows":
    from stageline.serving.features import FeatureRows

    return FeatureRows(
        rows.frame.iloc[begin : begin + count].reset_index(drop=True), rows.table.slice(begin, count), {}
    )
