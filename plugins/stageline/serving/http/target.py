"""The target `http`: servers that follow the ledger's head by themselves are asked how far they are."""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import Outage, TargetError
from stageline.serving.class_codes import coded
from stageline.serving.http.served_table import FOLDER, read_served
from stageline.serving.target import Served
from stageline.traffic import Arm, Traffic

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.ledger import Head

_COLUMNS = ["arm", "error", "latency_ms", "prediction", "model_digest"]
_WAIT_SECONDS = 0.2


@dataclass(frozen=True)
class HttpTarget:
    """The servers of one pipeline; each answers for itself, all have to serve the head.

    :param tables: Folder of the pipeline's tables.
    :param urls: Of the servers, such as `http://127.0.0.1:8500`.
    :param timeout: Seconds within which one has to answer.
    :param token: What they ask callers for; empty: nothing.
    """

    tables: Path
    urls: tuple[str, ...]
    timeout: float = 5.0
    token: str = field(default="", repr=False)

    def converge(self, head: "Head") -> Served:
        """Return what is served: the servers follow the head by themselves, about once a second.

        :raises TargetError: A server refuses what the head names, and will not serve it by itself.
        :raises Outage: A server cannot be reached.
        """
        said = [(url, self._ask(url, "GET", "/version")) for url in self.urls]
        for url, status in said:
            _require_status(url, status)
            if status["head"]["position"] == head.position and status["fault"] and status["refused"]:
                raise TargetError(f"{url} does not serve record #{head.position}: {status['fault']}")
        return _together(said, head)

    def served(self) -> Served:
        """Return what the servers serve.

        :raises Outage: One cannot be reached.
        """
        said = [(url, self._ask(url, "GET", "/version")) for url in self.urls]
        for url, status in said:
            _require_status(url, status)
        return _together(said, None)

    def observe(self, head: "Head", start: datetime, end: datetime) -> Traffic:
        """Return what the log says of both arms; `losses` stay empty: `served_rows` gives the keys to join labels by.

        :raises Outage: No server can be reached, or none has logged anything of it.
        """
        import pyarrow.compute as pc

        canary = head.canary
        rows = self.served_rows(head, start, end, columns=_COLUMNS)
        if canary is None or rows is None:
            return Traffic(start, end, canary.percent if canary else 0, Arm(0), Arm(0))
        of_canary = pc.is_in(rows["arm"], value_set=_names("canary", "shadow"))
        return Traffic(
            start, end, canary.percent,
            champion=_arm(rows.filter(pc.invert(of_canary))),
            canary=_arm(rows.filter(of_canary)),
        )  # fmt: skip

    def served_rows(
        self, head: "Head", start: datetime, end: datetime, *, columns: list[str] | None = None
    ) -> "pa.Table | None":
        """Return the rows of the log of a rollout, once the servers had a moment to log what they answered until `end`.

        A server that is away tells nothing more; what it has logged, and what the others have, counts.

        :param columns: Default: all; keys, features and event time among them.
        :returns: None where nothing was ever logged.
        :raises Outage: No server can be reached, or none has logged anything of it.
        """
        away: list[Outage] = []
        for url in self.urls:
            try:
                self._await_log(url, start, end)
            except Outage as outage:
                away.append(outage)
        if len(away) == len(self.urls):
            raise away[0]
        sequence = head.canary.sequence if head.canary else 0
        return read_served(self.tables / FOLDER, start, end, sequence=sequence, columns=columns)

    def _await_log(self, url: str, start: datetime, end: datetime) -> None:
        """Wait a moment until a server has logged what it answered; what is missing yet is in the next look.

        :raises Outage: It cannot be asked, or its log has not come as far as the stretch.
        """
        until = time.monotonic() + self.timeout
        while True:
            complete = datetime.fromisoformat(self._ask(url, "POST", "/flush")["complete_until"])
            if complete >= end:
                return
            if time.monotonic() > until:
                break
            time.sleep(_WAIT_SECONDS)
        # Its clock may be behind; a log that stands still is another matter.
        if complete <= start:
            raise Outage(f"{url} has logged its answers until {complete}, not until {end}; ask again")

    def _ask(self, url: str, method: str, path: str) -> Any:
        import httpx

        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        address = f"{url.rstrip('/')}{path}"
        try:
            answer = httpx.request(method, address, headers=headers, timeout=self.timeout)
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                raise TargetError(f"{address} asks for another token; set the one that the server was started with")
            if answer.status_code != HTTPStatus.OK:
                raise Outage(f"{address} answered {answer.status_code}: {answer.text[:200]}")
            return answer.json()
        except (httpx.HTTPError, json.JSONDecodeError) as error:
            raise Outage(
                f"{address} cannot be asked: {type(error).__name__}: {error}; start it with `stageline serve`"
            ) from error


def _require_status(url: str, status: Any) -> None:
    """Refuse what is no server's status, such as the page of something that stands before it.

    :raises Outage: It is none.
    """
    if not isinstance(status, dict) or {"head", "champion", "canary", "fault", "refused", "pending"} - {*status}:
        raise Outage(f"{url}/version answered something else than its status; is it a server of `stageline serve`?")


def _together(said: "list[tuple[str, Any]]", head: "Head | None") -> Served:
    """Return what all serve; where one differs, that, and which it is."""
    each = [(url, _served(status), status) for url, status in said]
    first = each[0][1]
    for url, served, status in each:
        if head is not None and (fault := served.fault(head)):
            why = status["fault"] or status["head"]["ledger"] or "it has not read the head yet"
            return Served(served.champion, served.canary, served.percent, f"{url}: {fault} ({why})")
        if head is None and served != first:
            return Served(first.champion, first.canary, first.percent, f"{url} serves something else than {each[0][0]}")
    return first


def _served(status: Any) -> Served:
    canary = status["canary"] or {"digest": "", "percent": 0}
    return Served(status["champion"]["digest"], canary["digest"], canary["percent"], status["pending"])


def _arm(rows: "pa.Table") -> Arm:
    import pyarrow.compute as pc

    right = rows.filter(pc.is_null(rows["error"]))
    kinds = pc.value_counts(rows["error"].drop_null()).to_pylist()
    return Arm(
        events=rows.num_rows,
        errors={one["values"]: one["counts"] for one in kinds},
        latency_ms=_numbers(right["latency_ms"]),
        predictions=coded(right["prediction"]),
    )


def _numbers(values: "pa.ChunkedArray") -> "np.ndarray":
    import pyarrow as pa

    numbers: np.ndarray = values.cast(pa.float64()).to_numpy()
    return numbers


def _names(*names: str) -> "pa.Array":
    import pyarrow as pa

    return pa.array(names)
