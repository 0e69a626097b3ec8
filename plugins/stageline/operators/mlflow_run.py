"""The MLflow run that a training logs to."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_PARAMETER_LENGTH = 500


def open_run(run: "RunContext", parameters: Mapping[str, Any]) -> str:
    """Return the id of the DAG run's MLflow run, in which these parameters can be logged.

    MLflow never changes a parameter. Where an earlier training of the same DAG run logged other ones (its
    task was cleared after the spec or the data changed), its MLflow run is deleted and a new one takes over.
    """
    mlflow_run = run.tracking.ensure(run.dag_run)
    wanted = {name: str(value)[:_PARAMETER_LENGTH] for name, value in parameters.items()}
    with run.tracking.resume(mlflow_run) as client:
        details = client.get_run(mlflow_run)
        logged = details.data.params
        stale = {name for name in logged if name.startswith("params.")} - wanted.keys()
        if not stale and all(logged.get(name, value) == value for name, value in wanted.items()):
            return mlflow_run
        for model in client.search_logged_models([details.info.experiment_id], f"source_run_id = '{mlflow_run}'"):
            client.delete_logged_model(model.model_id)
    client.delete_run(mlflow_run)
    return run.tracking.ensure(run.dag_run)
