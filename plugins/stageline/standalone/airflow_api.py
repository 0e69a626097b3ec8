"""The few calls of Airflow's REST API that a trial run needs."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from stageline.standalone.errors import StandaloneError
from stageline.standalone.health import local_client

_TRIES = 5
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class DagRun:
    """One run of one DAG."""

    dag_id: str
    run_id: str

    @property
    def path(self) -> str:
        """Its place in the API."""
        return f"{_dag(self.dag_id)}/dagRuns/{quote(self.run_id, safe='')}"


@dataclass(frozen=True)
class TaskState:
    """What a task of a run is doing; `map_index` is -1 for a task that is not mapped."""

    task_id: str
    map_index: int
    try_number: int
    state: str | None

    @property
    def name(self) -> str:
        """Its id, with the index of a mapped task."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class Question:
    """What a task asks a person.

    :param asked: When it was put; a task that starts slowly puts it late.
    """

    asked: datetime
    answered: bool


class AirflowApi:
    """Airflow's REST API as the administrator that the local Airflow lets everybody be."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @classmethod
    @contextmanager
    def connect(cls, url: str) -> Iterator["AirflowApi"]:
        """Log in.

        :raises StandaloneError: When Airflow gives no token.
        """
        with local_client(base_url=url) as client:
            answer = client.get("/auth/token")
            if not answer.is_success:
                raise StandaloneError(f"Airflow on {url} gave no token: HTTP {answer.status_code} {answer.text[:200]}")
            client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            client.base_url = httpx.URL(f"{url}/api/v2")
            yield cls(client)

    def knows(self, dag_id: str) -> bool:
        """Return whether the DAG was read and can run."""
        answer = self._get(_dag(dag_id), allowed=(404,))
        return answer.is_success and not answer.json().get("is_stale", False)

    def dag_ids(self) -> list[str]:
        """Return the ids of all DAGs, sorted; of more than a hundred only the first."""
        found = self._get("/dags", limit=100).json()["dags"]
        return sorted(dag["dag_id"] for dag in found)

    def import_errors(self) -> list[str]:
        """Return why DAG files could not be read, each with its file."""
        found = self._get("/importErrors").json()["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in found]

    def trigger(self, dag_id: str, *, logical_date: datetime | None = None) -> DagRun:
        """Unpause a DAG and start a run of it now.

        :param logical_date: The time that the run stands for; none: when it is started.
        :raises StandaloneError: When Airflow refuses.
        """
        self.unpause(dag_id)
        # Named here, so that asking again after a lost answer starts no second run: it is refused as known.
        run_id = f"manual__{datetime.now(UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": logical_date and logical_date.isoformat()}
        self._ask("POST", f"{_dag(dag_id)}/dagRuns", allowed=(409,), json=body)
        return DagRun(dag_id, run_id)

    def unpause(self, dag_id: str) -> None:
        """Let a DAG's own runs start."""
        self._ask("PATCH", _dag(dag_id), json={"is_paused": False})

    def runs(self, dag_id: str) -> list[DagRun]:
        """Return the runs of a DAG, the newest first; of more than a hundred only these."""
        found = self._get(f"{_dag(dag_id)}/dagRuns", limit=100, order_by="-run_after").json()["dag_runs"]
        return [DagRun(dag_id, run["dag_run_id"]) for run in found]

    def sources(self, run: DagRun) -> list[DagRun]:
        """Return the runs whose asset events started this one."""
        found = self._get(f"{run.path}/upstreamAssetEvents").json()["asset_events"]
        return [DagRun(event["source_dag_id"], event["source_run_id"]) for event in found]

    def question(self, run: DagRun, task: TaskState) -> Question:
        """Return what became of the question that a task waits with."""
        found = self._get(_question(run, task)).json()
        # A task that asks again may find its first question still there.
        asked = max(datetime.fromisoformat(at) for at in (found["created_at"], found["task_instance"]["start_date"]))
        return Question(asked, found["response_received"])

    def answer(self, run: DagRun, task: TaskState, option: str) -> None:
        """Answer a task's question; one that is answered already stays as it is.

        :raises StandaloneError: When Airflow refuses.
        """
        body = {"chosen_options": [option], "params_input": {}}
        self._ask("PATCH", _question(run, task), allowed=(409,), json=body)

    def state(self, run: DagRun) -> str:
        """Return the state of a run: `queued`, `running`, `success` or `failed`."""
        return str(self._get(run.path).json()["state"])

    def tasks(self, run: DagRun) -> list[TaskState]:
        """Return what the tasks of a run are doing."""
        found = self._get(f"{run.path}/taskInstances", limit=1000).json()["task_instances"]
        return [TaskState(each["task_id"], each["map_index"], each["try_number"], each["state"]) for each in found]

    def links(self, run: DagRun, task_id: str) -> dict[str, str]:
        """Return the addresses that a task's operator offers, by their names."""
        path = f"{run.path}/taskInstances/{quote(task_id, safe='')}/links"
        found = self._get(path, allowed=(404,))
        links: Mapping[str, str | None] = found.json().get("extra_links", {}) if found.is_success else {}
        return {name: url for name, url in links.items() if url}

    def log(self, run: DagRun, task: TaskState) -> list[str]:
        """Return the lines that a task's last try logged."""
        path = f"{run.path}/taskInstances/{quote(task.task_id, safe='')}/logs/{max(1, task.try_number)}"
        answer = self._get(path, allowed=(404,), map_index=task.map_index)
        content = answer.json().get("content", []) if answer.is_success else []
        return [line for entry in content for line in _lines(entry)]

    def _get(self, path: str, *, allowed: tuple[int, ...] = (), **query: Any) -> httpx.Response:
        return self._ask("GET", path, allowed=allowed, params=query)

    def _ask(self, method: str, path: str, *, allowed: tuple[int, ...] = (), **content: Any) -> httpx.Response:
        headers = {"Accept": "application/json"}
        for _ in range(_TRIES - 1):
            try:
                answer = self._client.request(method, path, headers=headers, **content)
            except httpx.TransportError:
                time.sleep(_PAUSE_SECONDS)
                continue
            # SQLite under load now and then costs the web server an answer.
            if not answer.is_server_error:
                return answer if answer.status_code in allowed else self._checked(answer)
            time.sleep(_PAUSE_SECONDS)
        return self._checked(self._client.request(method, path, headers=headers, **content))

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        if answer.is_success:
            return answer
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise StandaloneError(f"Airflow refused {asked}: HTTP {answer.status_code} {answer.text[:500]}")


def _dag(dag_id: str) -> str:
    return f"/dags/{quote(dag_id, safe='')}"


def _question(run: DagRun, task: TaskState) -> str:
    return f"{run.path}/taskInstances/{quote(task.task_id, safe='')}/{task.map_index}/hitlDetails"


def _lines(entry: Mapping[str, Any] | str) -> Iterator[str]:
    if isinstance(entry, str):
        yield entry
        return
    event = str(entry.get("event", ""))
    if not event.startswith("::"):
        yield event
    for cause in entry.get("error_detail") or ():
        yield f"{cause.get('exc_type')}: {cause.get('exc_value')}"
