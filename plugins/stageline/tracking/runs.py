"""How a DAG run appears in MLflow: one run, found again on a retry, that says why in its own words."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from stageline.exceptions import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Without bounds of our own, one call to a dead server takes four minutes.
_CALL_BOUNDS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# MLflow's page opens on its generative side otherwise.
_TRAINING_VIEW = {"mlflow.experimentKind": "custom_model_development"}
DAG_TAG, RUN_TAG = "stageline.dag_id", "stageline.run_id"
_NOTE_TAG = "mlflow.note.content"


@dataclass(frozen=True)
class DagRun:
    """The DAG run that an MLflow run stands for.

    :param pipeline: Also the experiment's name.
    :param after: When Airflow was to start it; time of the run's metrics, so that logging twice changes nothing.
    :param tags: Further tags: stage, spec digest, package version, git commit, Airflow's address.
    """

    pipeline: str
    dag_id: str
    run_id: str
    after: datetime
    tags: Mapping[str, str] = field(default_factory=dict)


class Tracking:
    """One MLflow store.

    :param uri: Tracking URI.
    :param ui: Address at which people open it; none: links cannot be given.
    :param artifacts: Folder of artifacts where there is no server that keeps them.
    """

    def __init__(self, uri: str, *, ui: str | None = None, artifacts: Path | None = None) -> None:
        self._uri, self._ui, self._artifacts = uri, ui and ui.rstrip("/"), artifacts

    def find(self, dag_run: DagRun) -> str | None:
        """Return the id of the MLflow run of a DAG run, or none.

        :raises TrackingError: MLflow cannot be reached.
        """
        with self._reaching() as client:
            experiment = client.get_experiment_by_name(dag_run.pipeline)
            if experiment is None:
                return None
            found = client.search_runs(
                [experiment.experiment_id],
                f"tags.`{DAG_TAG}` = '{_quoted(dag_run.dag_id)}' and tags.`{RUN_TAG}` = '{_quoted(dag_run.run_id)}'",
                order_by=["attributes.start_time ASC"],
            )
            return min(found, key=lambda run: (run.info.start_time, run.info.run_id)).info.run_id if found else None

    def ensure(self, dag_run: DagRun) -> str:
        """Return the id of the MLflow run of a DAG run, made on the first call.

        :raises TrackingError: MLflow cannot be reached.
        """
        if (found := self.find(dag_run)) is not None:
            return found
        with self._reaching() as client:
            made = client.create_run(
                self._experiment(client, dag_run.pipeline),
                run_name=dag_run.run_id,
                tags={**dag_run.tags, DAG_TAG: dag_run.dag_id, RUN_TAG: dag_run.run_id},
            ).info.run_id
        # Two tries of one task may both get here: both then agree on the earlier run.
        kept = self.find(dag_run) or made
        if kept != made:
            with self._reaching() as client:
                client.delete_run(made)
        return kept

    @contextmanager
    def resume(self, mlflow_run: str) -> "Iterator[MlflowClient]":
        """Make an MLflow run the active one, so that `mlflow.log_…` writes to it; it stays open afterwards.

        :raises TrackingError: MLflow cannot be reached.
        """
        import mlflow

        with self._reaching() as client:
            mlflow.set_tracking_uri(self._uri)
            client.update_run(mlflow_run, status="RUNNING")
            with mlflow.start_run(run_id=mlflow_run):
                yield client
            client.update_run(mlflow_run, status="RUNNING")

    def finish(self, mlflow_run: str, *, succeeded: bool) -> None:
        """Close an MLflow run.

        :raises TrackingError: MLflow cannot be reached.
        """
        with self._reaching() as client:
            client.set_terminated(mlflow_run, "FINISHED" if succeeded else "FAILED")

    def note(self, mlflow_run: str, markdown: str, tags: Mapping[str, str]) -> None:
        """Set a run's description and tags.

        :raises TrackingError: MLflow cannot be reached.
        """
        self.tag(mlflow_run, {_NOTE_TAG: markdown, **tags})

    def tag(self, mlflow_run: str, tags: Mapping[str, str]) -> None:
        """Set tags of a run.

        :raises TrackingError: MLflow cannot be reached.
        """
        with self._reaching() as client:
            for name, value in tags.items():
                client.set_tag(mlflow_run, name, value)

    def run_url(self, mlflow_run: str, experiment: str, artifact: str | None = None) -> str | None:
        """Return where people open a run, or one of its artifacts; none without a server."""
        if self._ui is None:
            return None
        base = f"{self._ui}/#/experiments/{quote(experiment)}/runs/{quote(mlflow_run)}"
        return f"{base}/artifacts/{quote(artifact)}" if artifact else base

    def experiment_of(self, mlflow_run: str) -> str:
        """Return the id of a run's experiment."""
        with self._reaching() as client:
            return str(client.get_run(mlflow_run).info.experiment_id)

    def artifact_uri(self, mlflow_run: str) -> str:
        """Return where a run's artifacts are kept."""
        with self._reaching() as client:
            return str(client.get_run(mlflow_run).info.artifact_uri)

    def _experiment(self, client: "MlflowClient", name: str) -> str:
        from mlflow.exceptions import MlflowException

        existing = client.get_experiment_by_name(name)
        if existing is not None:
            if existing.lifecycle_stage != "active":
                raise TrackingError(
                    f"MLflow experiment {name!r} at {self._shown_uri} is deleted; restore it, or rename the pipeline"
                )
            return str(existing.experiment_id)
        location = (self._artifacts / name).as_uri() if self._artifacts else None
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=_TRAINING_VIEW))
        except MlflowException:
            # Another process made it in between.
            existing = client.get_experiment_by_name(name)
            if existing is None:
                raise
            return str(existing.experiment_id)

    @property
    def _shown_uri(self) -> str:
        scheme, separator, rest = self._uri.partition("://")
        return f"{scheme}{separator}{rest.rpartition('@')[2]}"

    @contextmanager
    def _reaching(self) -> "Iterator[MlflowClient]":
        client = self._client()
        from mlflow.exceptions import MlflowException
        from requests.exceptions import RequestException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield client
        except (MlflowException, RequestException, SQLAlchemyError) as error:
            words = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
            raise TrackingError(
                f"MLflow at {self._shown_uri}: {words}; is the server up, and is [stageline] mlflow_tracking_uri right?"
            ) from error

    def _client(self) -> "MlflowClient":
        for name, value in {**_CALL_BOUNDS, **_QUIET}.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=self._uri)


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
