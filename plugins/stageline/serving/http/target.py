"""The target `http`: servers that follow the ledger's head by themselves are asked how far they are."""

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import Outage, TargetError
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
            if status["head"]["position"] == head.position and status["fault"] and status["refused"]:
                raise TargetError(f"{url} does not serve record #{head.position}: {status['fault']}")
        return _together(said, head)

    def served(self) -> Served:
        """Return what the servers serve.

        :raises Outage: One cannot be reached.
        """
        return _together([(url, self._ask(url, "GET", "/version")) for url in self.urls], None)

    def observe(self, head: "Head", start: datetime, end: datetime) -> Traffic:
        """Return what the log says of both arms; `losses` stay empty: `served_rows` gives the keys to join labels by.

        :raises Outage: A server cannot be reached, or has not logged all until `end`.
        """
        import pyarrow.compute as pc

        canary = head.canary
        rows = self.served_rows(head, start, end, columns=_COLUMNS)
        if canary is None or rows is None:
            return Traffic(start, end, canary.percent if canary else 0, Arm(0), Arm(0))
        of_canary = pc.is_in(rows["arm"], value_set=_names("canary", "shadow"))
        coded, codes = _coded(rows)
        return Traffic(
            start, end, canary.percent,
            champion=_arm(coded.filter(pc.invert(of_canary)), codes),
            canary=_arm(coded.filter(of_canary), codes),
        )  # fmt: skip

    def served_rows(
        self, head: "Head", start: datetime, end: datetime, *, columns: list[str] | None = None
    ) -> "pa.Table | None":
        """Return the rows of the log of a rollout, once all servers have logged what they answered until `end`.

        :param columns: Default: all; keys, features and event time among them.
        :returns: None where nothing was ever logged.
        :raises Outage: A server cannot be reached, or has not logged all until `end`.
        """
        for url in self.urls:
            self._require_logged(url, end)
        sequence = head.canary.sequence if head.canary else 0
        return read_served(self.tables / FOLDER, start, end, sequence=sequence, columns=columns)

    def _require_logged(self, url: str, end: datetime) -> None:
        until = time.monotonic() + self.timeout
        while True:
            complete = datetime.fromisoformat(self._ask(url, "POST", "/flush")["complete_until"])
            if complete >= end:
                return
            if time.monotonic() > until:
                raise Outage(f"{url} has logged its answers until {complete}, not until {end}; ask again")
            time.sleep(_WAIT_SECONDS)

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


def _arm(rows: "pa.Table", codes: str) -> Arm:
    import pyarrow.compute as pc

    right = rows.filter(pc.is_null(rows["error"]))
    kinds = pc.value_counts(rows["error"].drop_null()).to_pylist()
    return Arm(
        events=rows.num_rows,
        errors={one["values"]: one["counts"] for one in kinds},
        latency_ms=_numbers(right["latency_ms"]),
        predictions=_numbers(right[codes]),
    )


def _coded(rows: "pa.Table") -> "tuple[pa.Table, str]":
    """Return the rows with classes as codes that mean the same in both arms, and the column that holds them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    said = rows["prediction"]
    if pa.types.is_floating(said.type):
        return rows, "prediction"
    classes = pa.array(sorted(pc.unique(said.drop_null()).to_pylist()), said.type)
    return rows.append_column("code", pc.index_in(said, value_set=classes)), "code"


def _numbers(values: "pa.ChunkedArray") -> "np.ndarray":
    import pyarrow as pa

    numbers: np.ndarray = values.cast(pa.float64()).to_numpy()
    return numbers


def _names(*names: str) -> "pa.Array":
    import pyarrow as pa

    return pa.array(names)
