"""What a run keeps in MLflow: dataset, parameters, metrics, model, baselines, pages; all for the active run."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError, TrackingError
from stageline.tracking.reaching import RENEW, cause_without_credentials, not_let_in, without_credentials

if TYPE_CHECKING:
    import pandas as pd
    from mlflow import MlflowClient

    from stageline.tracking.runs import DagRun

_MODEL, _MODEL_FILE = "model", "model.skops"
_PARAMETER_LENGTH = 500
_EXAMPLE_ROWS = 5
_HOUR = 3_600.0


@dataclass(frozen=True)
class ModelCard:
    """What the ledger keeps of a logged model.

    :param model_id: MLflow's id of the logged model.
    :param uri: Where its file is.
    """

    model_id: str
    uri: str


def log_values(values: Mapping[str, float], dag_run: "DagRun") -> None:
    """Log metrics with the DAG run's time; logging them again adds nothing, another value becomes the next step.

    A number that is not finite is left out: MLflow would show it as a very large one.
    """
    import mlflow

    moment = int(dag_run.after.timestamp() * 1_000)
    client, run = mlflow.MlflowClient(), mlflow.active_run().info.run_id
    logged = client.get_run(run).data.metrics
    for name, value in values.items():
        if not math.isfinite(value) or logged.get(name) == value:
            continue
        # Of values of one step, MLflow shows the largest, not the last.
        step = len(client.get_metric_history(run, name)) if name in logged else 0
        mlflow.log_metric(name, value, step=step, timestamp=moment)


def log_window(values: Mapping[str, float], start: datetime, end: datetime) -> None:
    """Log metrics of a window at its end, one step a window; logging them again adds nothing.

    Steps are hours, or windows where these are shorter: windows of a week that end each day have a step each. A number
    that is not finite is left out.
    """
    import mlflow

    step = int(end.timestamp() // min((end - start).total_seconds(), _HOUR))
    for name, value in values.items():
        if math.isfinite(value):
            mlflow.log_metric(name, value, step=step, timestamp=int(end.timestamp() * 1_000))


def log_parameters(params: Mapping[str, Any]) -> None:
    """Log parameters as texts of at most 500 characters."""
    import mlflow

    mlflow.log_params({name: str(value)[:_PARAMETER_LENGTH] for name, value in params.items()})


def log_dataset(frame: "pd.DataFrame", *, name: str, source: str, target: str, digest: str, context: str) -> None:
    """Log a dataset with the digest of the snapshot it comes from.

    :param frame: Features and target, shape (rows, features + 1).
    :param context: What it was used for: `training` or `holdout`.
    """
    import mlflow
    from mlflow.data.filesystem_dataset_source import FileSystemDatasetSource  # noqa: F401 - registers the source
    from mlflow.data.pandas_dataset import from_pandas

    # MLflow keeps 36 characters of a digest.
    short = digest.removeprefix("sha256:")[:36]
    mlflow.log_input(from_pandas(frame, source=source, targets=target, name=name, digest=short), context=context)


def log_model(
    client: "MlflowClient",
    mlflow_run: str,
    model: Any,
    features: "pd.DataFrame",
    prediction: Any,
    *,
    types: Collection[str],
) -> ModelCard:
    """Log a model in the skops format with signature and input example.

    A model that an earlier try of this run logged before it died is deleted first; other models, which a
    training function may have logged, stay.

    :param features: Rows the signature and the example are taken from, shape (n, features).
    :param prediction: The model's answer to them, shape (n,).
    :param types: Types that skops shall trust.
    """
    import mlflow.sklearn
    import numpy as np
    import pandas as pd
    import sklearn
    import skops

    experiment = client.get_run(mlflow_run).info.experiment_id
    for earlier in client.search_logged_models([experiment], f"source_run_id = '{mlflow_run}'"):
        if earlier.name == _MODEL:
            client.delete_logged_model(earlier.model_id)
    info = mlflow.sklearn.log_model(
        model,
        name=_MODEL,
        serialization_format="skops",
        skops_trusted_types=list(types),
        signature=mlflow.models.infer_signature(features, prediction),
        input_example=features.head(_EXAMPLE_ROWS),
        # Given, not inferred: MLflow would start another Python to find out.
        pip_requirements=[
            f"numpy=={np.__version__}",
            f"pandas=={pd.__version__}",
            f"scikit-learn=={sklearn.__version__}",
            f"skops=={skops.__version__}",
        ],
    )
    location = client.get_logged_model(info.model_id).artifact_location
    return ModelCard(info.model_id, f"{location}/{_MODEL_FILE}")


def log_baselines(files: Mapping[str, Path]) -> dict[str, str]:
    """Log the baselines' files; returns where each is kept."""
    import mlflow

    for path in files.values():
        mlflow.log_artifact(str(path), "baselines")
    run = mlflow.active_run().info.run_id
    return {name: f"runs:/{run}/baselines/{path.name}" for name, path in files.items()}


def fetch_file(uri: str, folder: Path) -> Path:
    """Download one artifact.

    :raises ArtifactError: It is not there.
    :raises TrackingError: MLflow or its artifact store cannot be reached.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except (MlflowException, OSError) as error:
        words, cause = without_credentials(" ".join(str(error).split()).rstrip(".")), cause_without_credentials(error)
        if _is_missing(error):
            raise ArtifactError(f"{uri!r} is not in MLflow: {words}; train again") from cause
        hint = f"; {RENEW}" if not_let_in(error) else ""
        raise TrackingError(f"{uri!r} cannot be fetched from MLflow: {words}{hint}") from cause


def _is_missing(error: Exception) -> bool:
    answer = getattr(error, "response", None)  # of a server that was asked over HTTP
    if answer is not None:
        return bool(answer.status_code == HTTPStatus.NOT_FOUND)
    code = getattr(error, "error_code", None)
    return isinstance(error, FileNotFoundError) or code in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")


def log_texts(texts: Mapping[str, str]) -> None:
    """Log texts as artifacts, by their path in the run."""
    import mlflow

    for path, text in texts.items():
        mlflow.log_text(text, path)
