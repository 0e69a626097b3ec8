"""A request under way: which rows each model was asked, and what became of them."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stageline.serving.http.intake import Form, Intake
from stageline.serving.http.protocol import AskedRows
from stageline.serving.http.refused import RefusedRequest

ArmName = Literal["champion", "canary", "shadow"]
ErrorKind = Literal["not_finite", "wrong_shape", "exception", "timed_out", "unreachable"]


@dataclass(frozen=True)
class Outcome:
    """What became of the rows that one model was asked.

    :param predictions: One a row; none where they ended otherwise.
    :param refused: What the caller gets then.
    :param model_ms: Milliseconds that the model took for the batch that the rows were in.
    """

    predictions: Sequence[Any] | None = None
    refused: RefusedRequest | None = None
    model_ms: float = 0.0


class Part:
    """The rows of a call that one model is asked.

    :param form: None where the model is another than the champion, and lacks an input.
    :param places: Their positions in the call.
    :param sequence: Record that began the rollout; 0: none is under way.
    :param absent: Version and digest of a model that could not be loaded, of whose rows this part tells.
    """

    __slots__ = ("absent", "arm", "call", "form", "percent", "places", "queued", "rows", "sequence", "settled")

    def __init__(
        self,
        call: "Call",
        arm: ArmName,
        rows: AskedRows,
        places: Sequence[int],
        form: Form | None,
        *,
        sequence: int,
        percent: int,
        absent: tuple[int, str] | None = None,
    ) -> None:
        self.call, self.arm, self.rows, self.places, self.form = call, arm, rows, places, form
        self.sequence, self.percent, self.absent = sequence, percent, absent
        self.queued = time.perf_counter()
        # Whoever sets it, under the answerer's lock, logs the rows.
        self.settled = False

    @property
    def waited_ms(self) -> float:
        """Milliseconds since it was handed to its model."""
        return (time.perf_counter() - self.queued) * 1_000


class Call:
    """A request, from its rows to its answer; all but `request_id` is the event loop's alone.

    :param champion: What the champion takes.
    :param answer: None for a shadow's: nobody waits.
    :ivar model_ms: Of the slowest model that was asked.
    """

    __slots__ = ("_left", "_predictions", "_refused", "answer", "champion", "model_ms", "request_id", "timer")

    def __init__(
        self, request_id: str, rows: int, champion: Intake, answer: "asyncio.Future[list[Any]] | None"
    ) -> None:
        self.request_id, self.champion, self.answer = request_id, champion, answer
        # Let go of with the call: else every call would be held until its time is over.
        self.timer: asyncio.TimerHandle | None = None
        self._left, self.model_ms = 0, 0.0
        self._predictions: list[Any] = [None] * rows
        self._refused: RefusedRequest | None = None

    def silent(self, rows: int) -> "Call":
        """Return a call of the same request whose answer nobody waits for."""
        return Call(self.request_id, rows, self.champion, None)

    def expect(self) -> None:
        """Wait for one part more."""
        self._left += 1

    def champion_takes(self, rows: AskedRows) -> bool:
        """Whether rows that another model refuses are fit for the champion: any thread may ask."""
        try:
            self.champion.take(rows.columns, self.champion.form(rows.columns))
        except RefusedRequest:
            return False
        return True

    def take(self, part: Part, outcome: Outcome) -> None:
        """Take what became of a part; the last one completes the answer."""
        self._left -= 1
        self.model_ms = max(self.model_ms, outcome.model_ms)
        if outcome.predictions is not None:
            if len(part.places) == len(self._predictions):
                self._predictions = list(outcome.predictions)
            else:
                for place, prediction in zip(part.places, outcome.predictions, strict=True):
                    self._predictions[place] = prediction
        elif self._refused is None:
            self._refused = outcome.refused
        if self._left:
            return
        if self.timer is not None:
            self.timer.cancel()
        if self.answer is None or self.answer.done():
            return
        if self._refused is not None:
            self.answer.set_exception(self._refused)
        else:
            self.answer.set_result(self._predictions)
