"""From Airflow's context to a RunContext, with its stores opened and closed again."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import Refusal
from stageline.ledger import Ledger
from stageline.operators.configuration import load_settings
from stageline.operators.failure import RunNotResolved
from stageline.operators.run_context import RunContext
from stageline.spec import find_pipelines_folder, load_pipeline
from stageline.tracking import Tracking

if TYPE_CHECKING:
    from airflow.sdk import Context

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


@contextmanager
def resolve_run(pipeline: str | None, context: "Context", *, record_as: str | None = None) -> Iterator[RunContext]:
    """Yield the run that a task belongs to.

    :param pipeline: Name of the pipeline; none: the task needs no spec.
    :param record_as: What a run without a spec is recorded under; none: the DAG's id.
    :raises RunNotResolved: The pipeline's spec is missing or broken, or a connection is incomplete.
    """
    task, dag_run = context["ti"], context["dag_run"]
    dag_file = Path(context["dag"].fileloc)
    try:
        settings = load_settings()
        loaded = None
        if pipeline is not None:
            loaded = load_pipeline(pipeline, settings.pipelines or find_pipelines_folder(dag_file))
    except Refusal as refusal:
        raise RunNotResolved(str(refusal)) from refusal
    # MLflow on a database without a server keeps its artifacts where the client says.
    embedded = re.split(r"[:+]", settings.tracking_uri, maxsplit=1)[0] in _DATABASES
    if embedded:
        settings.home.mkdir(parents=True, exist_ok=True)
    with Ledger.open(settings.ledger_url) as ledger:
        yield RunContext(
            name=loaded.spec.pipeline if loaded else record_as or task.dag_id,
            loaded=loaded,
            project=loaded.project if loaded else _project_of(dag_file),
            settings=settings,
            ledger=ledger,
            tracking=Tracking(
                settings.tracking_uri,
                ui=settings.tracking_ui,
                artifacts=settings.home / "artifacts" if embedded else None,
            ),
            dag_id=task.dag_id,
            run_id=task.run_id,
            task_id=task.task_id,
            map_index=task.map_index if task.map_index is not None else -1,
            try_number=task.try_number,
            run_after=dag_run.run_after,
            logical_date=getattr(dag_run, "logical_date", None),
            params=dict(context.get("params") or {}),
            told=_told(context),
            actor=getattr(dag_run, "triggering_user_name", None) or f"airflow:{dag_run.run_type}",
        )


def _told(context: "Context") -> tuple[Mapping[str, Any], ...]:
    events = context.get("triggering_asset_events") or {}
    return tuple(event.extra for asset in events for event in events[asset])


def _project_of(dag_file: Path) -> Path:
    """Return the folder above `config/pipelines`, or the one above the DAG's file where there is none."""
    try:
        return find_pipelines_folder(dag_file).parent.parent
    except Refusal:
        return dag_file.parent
