"""What a released model was made of: its file, and what its training recorded of its features."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError, MissingStepError
from stageline.serving.model_files import ModelFiles, local_file
from stageline.tracking import Tracking, fetch_file

if TYPE_CHECKING:
    from stageline.ledger import Ledger, ModelVersion


def released_file(version: "ModelVersion", pipeline: str, tables: Path, tracking: Tracking) -> Path:
    """Return a model's file on this machine: the copy kept here, else from where it lies, which is then kept.

    :param tables: Root folder of all pipelines' tables.
    :raises ArtifactError: The file is gone, or is not the one released.
    :raises Outage: It lies with MLflow, which cannot be reached.
    """
    files = ModelFiles(tables / pipeline / "models")
    if (kept := files.find(version.digest)) is not None:
        return kept
    if (local := local_file(version.uri)) is not None:
        if not local.is_file():
            raise ArtifactError(
                f"model version {version.version} of {pipeline!r}: there is no file {str(local)!r}; restore it, roll "
                "back, or train and release again"
            )
        return files.keep(local, version.digest)
    with tempfile.TemporaryDirectory() as scratch, tracking.reach():
        return files.keep(fetch_file(version.uri, Path(scratch)), version.digest)


def recorded_features(version: "ModelVersion", pipeline: str, ledger: "Ledger") -> Mapping[str, Any]:
    """Return what the step `features` of a model's training recorded: its snapshot, and the names of its features.

    :raises MissingStepError: No record of that run names its snapshot.
    """
    dag_id, _, run_id = version.dag_run.partition("/")
    for record in ledger.records(pipeline, dag_id=dag_id, run_id=run_id, step="features"):
        evidence: Mapping[str, Any] = record.evidence.get("evidence") or {}
        if evidence.get("snapshot", {}).get("version") == version.snapshot:
            return evidence
    raise MissingStepError(
        f"model version {version.version} of {pipeline!r} was trained on snapshot {version.snapshot} in "
        f"{version.dag_run!r}, but no record of that run's step 'features' names it; train and release again"
    )
