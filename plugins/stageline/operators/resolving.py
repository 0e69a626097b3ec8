"""From Airflow's context to a RunContext, with its stores opened and closed again."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stageline.exceptions import Refusal
from stageline.ledger import Ledger
from stageline.operators.configuration import load_settings
from stageline.operators.failure import GateFailed
from stageline.operators.run_context import RunContext
from stageline.spec import find_pipelines_folder, load_pipeline
from stageline.tracking import Tracking

if TYPE_CHECKING:
    from airflow.sdk import Context

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


@contextmanager
def resolve_run(pipeline: str, context: "Context") -> Iterator[RunContext]:
    """Yield the run that a task belongs to.

    :param pipeline: Name of the pipeline.
    :raises GateFailed: The pipeline's spec is missing or broken, or a connection is incomplete.
    """
    try:
        settings = load_settings()
        folder = settings.pipelines or find_pipelines_folder(Path(context["dag"].fileloc))
        loaded = load_pipeline(pipeline, folder)
    except Refusal as refusal:
        raise GateFailed(str(refusal)) from refusal
    task, dag_run = context["ti"], context["dag_run"]
    # MLflow on a database without a server keeps its artifacts where the client says.
    embedded = re.split(r"[:+]", settings.tracking_uri, maxsplit=1)[0] in _DATABASES
    if embedded:
        settings.home.mkdir(parents=True, exist_ok=True)
    with Ledger.open(settings.ledger_url) as ledger:
        yield RunContext(
            loaded=loaded,
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
            actor=getattr(dag_run, "triggering_user_name", None) or f"airflow:{dag_run.run_type}",
        )
