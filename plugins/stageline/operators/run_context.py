"""What a step knows about the run it belongs to, free of Airflow's own objects."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stageline import __version__
from stageline.costs.metering import Meter
from stageline.exceptions import MissingStepError, SpecError
from stageline.ledger import Ledger, Record
from stageline.settings import Settings
from stageline.spec import LoadedSpec, PipelineSpec
from stageline.tables.source import SourceTable, read_source
from stageline.tracking import DagRun, Tracking

if TYPE_CHECKING:
    from stageline.serving.prediction_store import PredictionStore
    from stageline.tables.quarantine import QuarantineStore
    from stageline.tables.snapshots import SnapshotStore


@dataclass(frozen=True)
class RunContext:
    """One task of one DAG run.

    :param name: What the run is recorded under: the pipeline's name, or the table's where there is no spec.
    :param loaded: The pipeline's spec; none for a table that is checked on its own.
    :param project: Root folder of the project; paths of tables start there.
    :param run_after: When Airflow was to start the run; a run has no other time it can rely on.
    :param actor: Who started the run, as far as Airflow knows.
    :param logical_date: The time the run stands for; none: it stands for when it was to start.
    :param params: The run's parameters.
    :param told: What the asset events that started the run told.
    :param meter: Counts what the task takes; what only a step knows, it adds.
    """

    name: str
    loaded: LoadedSpec | None
    project: Path
    settings: Settings
    ledger: Ledger
    tracking: Tracking
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    run_after: datetime
    actor: str = ""
    logical_date: datetime | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    told: Sequence[Mapping[str, Any]] = ()
    meter: Meter = field(default_factory=Meter)

    @property
    def spec(self) -> PipelineSpec:
        """The pipeline's spec.

        :raises SpecError: The task belongs to no pipeline.
        """
        if self.loaded is None:
            raise SpecError(f"task {self.task_id!r} names no pipeline; give its operator pipeline=NAME")
        return self.loaded.spec

    @property
    def stage(self) -> str:
        """The pipeline's stage; empty where there is no spec."""
        return self.loaded.spec.stage.value if self.loaded else ""

    @property
    def spec_digest(self) -> str:
        """Digest of the pipeline's YAML file; empty where there is no spec."""
        return self.loaded.digest if self.loaded else ""

    @cached_property
    def source(self) -> SourceTable:
        """The source, read once in this task."""
        source = read_source(self.spec.source.uri, self.project)
        self.meter.count(bytes_read=source.size_bytes)
        return source

    @cached_property
    def dag_run(self) -> DagRun:
        """The DAG run as MLflow is told of it."""
        tags = {
            "stageline.pipeline": self.name,
            "stageline.stage": self.stage,
            "stageline.spec_digest": self.spec_digest,
            "stageline.package_version": __version__,
            "stageline.git_commit": git_commit(self.project),
            "stageline.airflow_url": self.airflow_url or "",
        }
        return DagRun(
            self.name, self.dag_id, self.run_id, self.run_after,
            {name: value for name, value in tags.items() if value},
        )  # fmt: skip

    @property
    def airflow_url(self) -> str | None:
        """Where people open this DAG run in Airflow."""
        if self.settings.airflow_ui is None:
            return None
        return f"{self.settings.airflow_ui}/dags/{quote(self.dag_id)}/runs/{quote(self.run_id)}"

    @property
    def snapshots(self) -> "SnapshotStore":
        """The feature snapshots of this pipeline."""
        from stageline.tables.snapshots import SnapshotStore

        return SnapshotStore(self.settings.tables / self.name / "features")

    @property
    def predictions(self) -> "PredictionStore":
        """Where this pipeline's predictions lie."""
        from stageline.serving.prediction_store import PredictionStore

        return PredictionStore.of(self.settings.tables, self.spec)

    @property
    def quarantine(self) -> "QuarantineStore":
        """The rows of this pipeline or table that were put aside."""
        from stageline.tables.quarantine import QuarantineStore

        return QuarantineStore(self.settings.tables / self.name / "quarantine")

    def earlier(self, step: str) -> Record | None:
        """Return the newest record of a step in this DAG run, or none."""
        return self.ledger.newest(self.name, dag_id=self.dag_id, run_id=self.run_id, step=step)

    def require(self, step: str) -> Record:
        """Return the newest record of a step in this DAG run.

        :raises MissingStepError: There is none.
        """
        record = self.earlier(step)
        if record is None:
            raise MissingStepError(
                f"task {self.task_id!r} needs the step {step!r}, which left no record in run {self.run_id!r} of "
                f"DAG {self.dag_id!r}; put its operator before this one"
            )
        return record

    def evidence(self, step: str) -> Mapping[str, Any]:
        """Return what a step of this DAG run put in evidence.

        :raises MissingStepError: The step left no record, or errored.
        """
        record = self.require(step)
        report: Mapping[str, Any] = record.evidence
        if not report.get("evidence"):
            raise MissingStepError(
                f"task {self.task_id!r} needs the step {step!r}, which ended {record.verdict}: {record.sentence}"
            )
        found: Mapping[str, Any] = report["evidence"]
        return found


def git_commit(folder: Path) -> str:
    """Return the commit that a folder is at, with `+changes` where it was edited since; empty outside git."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return f"{commit}+changes" if commit and _git(folder, "status", "--porcelain") else commit
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=10
    )
    return done.stdout.strip() if done.returncode == 0 else ""
