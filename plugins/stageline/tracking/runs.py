"""How a DAG run appears in MLflow: one run, found again on a retry, that says why in its own words."""

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from stageline.exceptions import ArtifactError, TrackingError
from stageline.tracking.reaching import reaching, shown_uri

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# MLflow's page opens on its generative side otherwise.
_TRAINING_VIEW = {"mlflow.experimentKind": "custom_model_development"}
DAG_TAG, RUN_TAG = "stageline.dag_id", "stageline.run_id"
# Both ids hashed: a search for it needs no quoting, which MLflow's filters do not have.
_KEY_TAG = "stageline.dag_run_key"
_TICKET_TAG = "stageline.ticket"
_LOOK_EVERY_SECONDS = 0.05
_DEAD_AFTER_SECONDS = 10.0
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
            runs = self._settled(client, dag_run)
            return min(runs, key=_priority).info.run_id if runs else None

    def ensure(self, dag_run: DagRun) -> str:
        """Return the id of the MLflow run of a DAG run, made on the first call.

        Two live copies of one task may both get here, and MLflow has no way to say "only if there is none".
        So each makes a run, draws a number above those it sees (Lamport 1974, A New Solution of Dijkstra's
        Concurrent Programming Problem), and the lowest number is kept.

        :raises TrackingError: MLflow cannot be reached, or its experiment is deleted.
        """
        if (found := self.find(dag_run)) is not None:
            return found
        with self._reaching() as client:
            made: str = client.create_run(
                self._experiment(client, dag_run.pipeline),
                run_name=dag_run.run_id,
                tags={**dag_run.tags, DAG_TAG: dag_run.dag_id, RUN_TAG: dag_run.run_id, _KEY_TAG: _key(dag_run)},
            ).info.run_id
            ticket = 1 + max((_ticket(run) for run in self._all(client, dag_run)), default=0)
            client.set_tag(made, _TICKET_TAG, str(ticket))
            kept = min(self._settled(client, dag_run), key=_priority).info.run_id
            if kept != made:
                client.delete_run(made)
        return str(kept)

    @contextmanager
    def reach(self) -> "Iterator[MlflowClient]":
        """Yield a client, with MLflow's own functions pointed at this store.

        :raises TrackingError: MLflow cannot be reached.
        """
        import mlflow

        with self._reaching() as client:
            mlflow.set_tracking_uri(self._uri)
            yield client

    @contextmanager
    def resume(self, mlflow_run: str) -> "Iterator[MlflowClient]":
        """Make an MLflow run the active one, so that `mlflow.log_…` writes to it; it stays open afterwards.

        :raises ArtifactError: The run was deleted.
        :raises TrackingError: MLflow cannot be reached.
        """
        import mlflow

        with self.reach() as client:
            _open(client, mlflow_run)
            with mlflow.start_run(run_id=mlflow_run, log_system_metrics=False):
                yield client
            _open(client, mlflow_run)

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

    def _all(self, client: "MlflowClient", dag_run: DagRun) -> "Sequence[Run]":
        experiment = client.get_experiment_by_name(dag_run.pipeline)
        if experiment is None:
            return ()
        runs: Sequence[Run] = client.search_runs([experiment.experiment_id], f"tags.`{_KEY_TAG}` = '{_key(dag_run)}'")
        return runs

    def _settled(self, client: "MlflowClient", dag_run: DagRun) -> "Sequence[Run]":
        """Return the DAG run's MLflow runs once each has drawn its number, or its maker must be dead."""
        deadline = time.monotonic() + _DEAD_AFTER_SECONDS
        while True:
            runs = self._all(client, dag_run)
            if all(map(_ticket, runs)) or time.monotonic() > deadline or not any(map(_is_new, runs)):
                return runs
            time.sleep(_LOOK_EVERY_SECONDS)

    def _experiment(self, client: "MlflowClient", name: str) -> str:
        from mlflow.exceptions import MlflowException

        existing = client.get_experiment_by_name(name)
        if existing is not None:
            if existing.lifecycle_stage != "active":
                raise TrackingError(
                    f"MLflow experiment {name!r} at {shown_uri(self._uri)} is deleted; restore it, or rename "
                    "the pipeline"
                )
            return str(existing.experiment_id)
        location = (self._artifacts.absolute() / name).as_uri() if self._artifacts else None
        try:
            return str(client.create_experiment(name, artifact_location=location, tags=_TRAINING_VIEW))
        except MlflowException:
            # Another process made it in between.
            existing = client.get_experiment_by_name(name)
            if existing is None:
                raise
            return str(existing.experiment_id)

    def _reaching(self) -> "AbstractContextManager[MlflowClient]":
        return reaching(self._uri)


def require_run(client: "MlflowClient", mlflow_run: str) -> None:
    """Make sure that a run is still there: MLflow keeps a deleted one for a while, and lets nobody write to it.

    :raises ArtifactError: It was deleted.
    """
    from mlflow.exceptions import MlflowException

    try:
        stage = client.get_run(mlflow_run).info.lifecycle_stage
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        raise ArtifactError(f"MLflow has no run {mlflow_run!r}: it was deleted for good; train again") from error
    if stage != "active":
        raise ArtifactError(
            f"MLflow's run {mlflow_run!r} was deleted; restore it (mlflow runs restore --run-id {mlflow_run}), or "
            "train again"
        )


def _open(client: "MlflowClient", mlflow_run: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.update_run(mlflow_run, status="RUNNING")
    except MlflowException:
        require_run(client, mlflow_run)
        raise


def _key(dag_run: DagRun) -> str:
    return hashlib.sha256(f"{dag_run.dag_id}\0{dag_run.run_id}".encode()).hexdigest()


def _ticket(run: "Run") -> int:
    return int(run.data.tags.get(_TICKET_TAG, "0"))


def _priority(run: "Run") -> tuple[float, str]:
    # A run without a number was left by a process that died; it comes last.
    return _ticket(run) or math.inf, run.info.run_id


def _is_new(run: "Run") -> bool:
    return _ticket(run) == 0 and time.time() - run.info.start_time / 1_000 < _DEAD_AFTER_SECONDS
