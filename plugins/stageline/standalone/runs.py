"""Trigger DAGs in the local Airflow and follow their runs to the end."""

import time
from collections.abc import Callable, Iterable, Sequence

from stageline.standalone.airflow_api import AirflowApi, DagRun, TaskState
from stageline.standalone.errors import StandaloneError

_POLL_SECONDS = 0.7
_DAG_SECONDS = 60.0
_DAG_SECONDS_AFTER_ERRORS = 15.0  # another file may be the broken one
_ASSET_SECONDS = 300.0  # the scheduler may have much else to do
_SILENT_STATES = (None, "scheduled", "queued", "removed")
_END_STATES = ("success", "failed")
_LOG_LINES = 25

Say = Callable[[str], None]


def trigger(api: AirflowApi, dag_ids: Iterable[str], *, watch: Callable[[], None]) -> list[DagRun]:
    """Wait until Airflow knows all the DAGs, then start a run of each.

    :param watch: Called while waiting; raises when a server has gone.
    :raises StandaloneError: When a DAG does not appear; it says which files could not be read.
    """
    wanted = list(dict.fromkeys(dag_ids))
    began = time.monotonic()
    while missing := [dag_id for dag_id in wanted if not api.knows(dag_id)]:
        errors = api.import_errors()
        patience = _DAG_SECONDS_AFTER_ERRORS if errors else _DAG_SECONDS
        if time.monotonic() - began > patience:
            raise StandaloneError(_absent(missing, errors, api.dag_ids()))
        watch()
        time.sleep(_POLL_SECONDS)
    return [api.trigger(dag_id) for dag_id in wanted]


def first_run_after(api: AirflowApi, dag_id: str, run: DagRun, *, watch: Callable[[], None]) -> DagRun:
    """Wait for the run of a DAG that an asset of another run starts.

    :param run: The other run; it has ended.
    :raises StandaloneError: None comes.
    """
    began = time.monotonic()
    while True:
        for found in api.runs(dag_id):
            if run in api.sources(found):
                return found
        if time.monotonic() - began > _ASSET_SECONDS:
            raise StandaloneError(
                f"no run of {dag_id!r} followed {run.run_id!r} of {run.dag_id!r} in {_ASSET_SECONDS:.0f} s"
            )
        watch()
        time.sleep(_POLL_SECONDS)


def follow(
    api: AirflowApi,
    runs: Sequence[DagRun],
    *,
    say: Say,
    watch: Callable[[], None],
    seconds: float,
    asked: Callable[[DagRun, TaskState], None] = lambda _run, _task: None,
) -> dict[DagRun, str]:
    """Say what each task does as it changes, until all runs have ended; return how they ended.

    :param watch: Called between two looks; raises when a server has gone.
    :param asked: Called at every look with a task that waits for a person's answer.
    :param seconds: How long the runs may take.
    :raises StandaloneError: When a run takes longer.
    """
    deadline = time.monotonic() + seconds
    seen: dict[tuple[DagRun, str], TaskState] = {}
    ended: dict[DagRun, str] = {}
    while True:
        for run in runs:
            if run in ended:
                continue
            # The run's state first: what its tasks did up to that state is then seen as well.
            state = api.state(run)
            for task in api.tasks(run):
                if seen.get((run, task.name)) != task and task.state not in _SILENT_STATES:
                    say(_sentence(run, task))
                seen[run, task.name] = task
                if task.state == "awaiting_input":
                    asked(run, task)
            if state in _END_STATES:
                ended[run] = state
                say(f"{run.dag_id}: {state}")
        if len(ended) == len(runs):
            return ended
        if time.monotonic() > deadline:
            late = ", ".join(run.dag_id for run in runs if run not in ended)
            raise StandaloneError(f"{late} did not end within {seconds:.0f} seconds; it goes on in Airflow")
        watch()
        time.sleep(_POLL_SECONDS)


def failure_logs(api: AirflowApi, run: DagRun) -> dict[str, str]:
    """Return the end of the log of each task that failed, by the task's name."""
    failed = [task for task in api.tasks(run) if task.state == "failed"]
    return {task.name: "\n".join(api.log(run, task)[-_LOG_LINES:]) for task in failed}


def _sentence(run: DagRun, task: TaskState) -> str:
    again = f" (try {task.try_number})" if task.try_number > 1 else ""
    state = "waits for a person's answer in Airflow" if task.state == "awaiting_input" else task.state
    return f"{run.dag_id}  {task.name}: {state}{again}"


def _absent(missing: list[str], errors: list[str], known: list[str]) -> str:
    sentence = f"Airflow has no DAG {', '.join(map(repr, missing))}; it has {', '.join(known) or 'none'}"
    if errors:
        return "\n".join((f"{sentence}. Files that could not be read:", *errors))
    return f"{sentence}. Look at the log of the dag-processor, or name another one with --dag"
