"""The ASGI application: who may ask, how much, and what is answered."""

import asyncio
import hmac
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.serving.http.call import Call, Part
from stageline.serving.http.protocol import AskedRows, as_body, parse
from stageline.serving.http.refused import BAD_REQUEST, INTERNAL, UNAVAILABLE, RefusedRequest
from stageline.serving.http.routing import routed

if TYPE_CHECKING:
    from stageline.serving.http.answerer import Answerer, Settled
    from stageline.serving.http.intake import Form
    from stageline.serving.http.lineup import Lineup
    from stageline.serving.http.measures import Measures
    from stageline.serving.http.options import Options
    from stageline.serving.http.served_log import ServedLog

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, str, bytes, Mapping[str, str]]

_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
# A body that takes longer to read than others should wait is read in a thread.
_LONG_BODY = 200_000
_log = logging.getLogger(__name__)


class App:
    """Answers requests with the line-up of the moment.

    :param lineup: Replaced as a whole, on the event loop.
    :param status: What is said of the server under `/version`.
    :param version: MLflow's version, which its clients ask for.
    :param late: Runs what is too long for the event loop.
    """

    def __init__(
        self, lineup: "Lineup", options: "Options", log: "ServedLog", measures: "Measures", *,
        status: Callable[[], Mapping[str, Any]], version: str, late: Executor,
    ) -> None:  # fmt: skip
        self.lineup = lineup
        self._options, self._limits, self._log, self._measures = options, options.limits, log, measures
        self._status, self._version, self._late = status, version, late
        self._token = options.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        try:
            status, kind, body, more = await self._answer(scope, headers, receive)
        except RefusedRequest as refused:
            status, kind, body, more = refused.status, _JSON, refused.as_body(), _more(refused)
        except Exception:  # noqa: BLE001 - the caller gets a status, whatever it was
            _log.exception("a request could not be answered")
            fault = RefusedRequest(500, INTERNAL, "the server failed; its log says how")
            status, kind, body, more = fault.status, _JSON, fault.as_body(), {}
        self._measures.answered(status)
        told = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        told += [(name.encode(), value.encode()) for name, value in more.items()]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    def take(self, settled: "Settled") -> None:
        """Take what became of parts; on the event loop."""
        for part, outcome in settled:
            part.call.take(part, outcome)

    async def _answer(self, scope: Scope, headers: Mapping[bytes, bytes], receive: Receive) -> Answer:
        path, method = scope["path"], scope["method"]
        if path in ("/ping", "/health"):
            _require_method(method, "GET")
            return 200, _JSON, b"\n", {}
        self._require_token(headers)
        if path == "/invocations":
            _require_method(method, "POST")
            return await self._invocations(headers, receive)
        if path == "/version":
            _require_method(method, "GET")
            # MLflow's clients ask for its version, and for no format.
            if _JSON.encode() in headers.get(b"accept", b""):
                return 200, _JSON, json.dumps(self._status()).encode(), {}
            return 200, _JSON, self._version.encode(), {}
        if path == "/metrics":
            _require_method(method, "GET")
            return 200, _METRICS, self._measures.as_text(), {}
        if path == "/flush":
            _require_method(method, "POST")
            return await self._flush()
        raise RefusedRequest(404, "ENDPOINT_NOT_FOUND", "there is nothing at this path")

    def _require_token(self, headers: Mapping[bytes, bytes]) -> None:
        if not self._token:
            return
        scheme, _, shown = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(shown.strip(), self._token):
            raise RefusedRequest(401, "UNAUTHENTICATED", "show the server's token: Authorization: Bearer TOKEN")

    async def _flush(self) -> Answer:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._late, self._log.flush)
        except ArtifactError as error:
            raise RefusedRequest(503, UNAVAILABLE, str(error)) from error
        return 200, _JSON, json.dumps({"complete_until": self._log.complete_until.isoformat()}).encode(), {}

    async def _invocations(self, headers: Mapping[bytes, bytes], receive: Receive) -> Answer:
        lineup = self.lineup
        self._require_room(lineup.champion)
        body = await self._body(headers, receive)
        kind = headers.get(b"content-type", b"").decode("latin-1")
        texts = lineup.champion.model.intake.columns.categorical
        if len(body) > _LONG_BODY:
            rows = await asyncio.to_thread(parse, body, kind, texts)
        else:
            rows = parse(body, kind, texts)
        if rows.count > self._limits.rows:
            raise RefusedRequest(
                413, BAD_REQUEST, f"the request has {rows.count:,} rows, the limit is {self._limits.rows:,}"
            )
        # The head may have moved while the body came.
        lineup = self.lineup
        form = lineup.champion.model.intake.form(rows.columns)
        caller = headers.get(b"x-stageline-key")
        canary = lineup.canary_places(
            rows, lineup.champion.model.intake.columns.keys, None if caller is None else caller.decode("latin-1")
        )
        predictions, told = await self._ask(lineup, rows, form, canary)
        return 200, _JSON, as_body(predictions), told

    def _require_room(self, answerer: "Answerer") -> None:
        if self._log.backlog_bytes > self._limits.backlog_bytes:
            raise RefusedRequest(503, UNAVAILABLE, "too many answers wait to be logged; try again later")
        if not answerer.has_room:
            raise RefusedRequest(503, UNAVAILABLE, "too many rows wait for the model; try again later")

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        limit = self._limits.body_bytes
        told = headers.get(b"content-length", b"0")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise RefusedRequest(415, BAD_REQUEST, "a compressed body is not read; send it plain")
        if told.isdigit() and int(told) > limit:
            raise _too_large(limit)
        chunks, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RefusedRequest(400, BAD_REQUEST, "the caller left")
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            more = message.get("more_body", False)
            if size > limit:
                raise _too_large(limit)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _ask(
        self, lineup: "Lineup", rows: AskedRows, form: "Form", canary: list[int]
    ) -> tuple[list[Any], dict[str, str]]:
        """Hand rows to their models, and wait for all of them; returns predictions, and what is told beside them."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any]] = loop.create_future()
        call = Call(uuid.uuid4().hex, rows.count, lineup.champion.model.intake, answer)
        found = routed(lineup, call, rows, form, canary)
        for answerer, _ in found.awaited:
            self._require_room(answerer)
        self._submit(loop, found.awaited)
        if found.shadow is not None:
            if found.shadow[0].has_room:
                self._submit(loop, (found.shadow,))
            else:
                # One that is too slow is asked less, and holds nobody up.
                self._measures.dropped(rows.count)
        if found.absent is not None:
            self._late.submit(lineup.champion.give_up, found.absent, "unreachable")
        predictions = await answer
        return predictions, {
            "x-stageline-request-id": call.request_id,
            "x-stageline-model": ",".join(str(answerer.model.version) for answerer, _ in found.awaited),
            "server-timing": f"model;dur={call.model_ms:.3f}",
        }

    def _submit(self, loop: asyncio.AbstractEventLoop, parts: "Sequence[tuple[Answerer, Part]]") -> None:
        for answerer, part in parts:
            part.call.expect()
            answerer.submit(part)
        call = parts[0][1].call
        call.timer = loop.call_later(self._limits.timeout_ms / 1_000, self._expire, parts)

    def _expire(self, parts: "Sequence[tuple[Answerer, Part]]") -> None:
        for answerer, part in parts:
            if not part.settled:
                self._late.submit(answerer.give_up, part, "timed_out")


def _require_method(method: str, wanted: str) -> None:
    if method != wanted and not (wanted == "GET" and method == "HEAD"):
        raise RefusedRequest(405, BAD_REQUEST, f"expected {wanted}")


def _too_large(limit: int) -> RefusedRequest:
    return RefusedRequest(413, BAD_REQUEST, f"the request is larger than the limit of {limit:,} bytes")


def _more(refused: RefusedRequest) -> dict[str, str]:
    if refused.status == 413:  # noqa: PLR2004 - the rest of the body is not read
        return {"connection": "close"}
    if refused.status == 401:  # noqa: PLR2004
        return {"www-authenticate": "Bearer"}
    return {"retry-after": "1"} if refused.code == UNAVAILABLE else {}
