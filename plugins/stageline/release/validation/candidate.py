"""The candidate as MLflow keeps it: its model file and its recorded example."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.release.validation.judge import Recorded
from stageline.tracking import fetch_file
from stageline.training import RecordedExample

if TYPE_CHECKING:
    from mlflow import MlflowClient

_READY = "READY"


def fetch_candidate(client: "MlflowClient", trained: Mapping[str, Any], folder: Path) -> tuple[Path, Recorded]:
    """Fetch the model file and what training recorded about it.

    That MLflow calls a model ready says nothing about its files: they are fetched, not looked up.

    :param trained: Evidence of the step `train`.
    :param folder: Where to put them.
    :raises ArtifactError: MLflow no longer has the model, its file or the example, or the example was changed.
    :raises TrackingError: MLflow or its artifact store cannot be reached.
    """
    _require_example(trained)
    require_ready(client, trained["model"]["id"])
    example_file = _file(trained["example"]["uri"], folder / "example")
    example = RecordedExample.from_bytes(example_file.read_bytes(), digest=trained["example"]["digest"])
    model = trained["model"]
    return _file(model["uri"], folder / "model"), Recorded(
        model["digest"], model["size_bytes"], dict(trained["libraries"]), example
    )


def _require_example(trained: Mapping[str, Any]) -> None:
    if "example" not in trained or "libraries" not in trained:
        raise ArtifactError(
            "training recorded no example of the model's predictions, as earlier versions of Stageline did not; "
            "train again"
        )


def require_ready(client: "MlflowClient", model_id: str) -> None:
    """Make sure that MLflow still has a model, and calls it ready.

    :raises ArtifactError: It was deleted, or was never logged to its end.
    """
    from mlflow.exceptions import MlflowException

    try:
        status = client.get_logged_model(model_id).status
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"):
            raise
        raise ArtifactError(f"MLflow no longer has the model {model_id!r}: it was deleted; train again") from error
    if str(status) != _READY:
        raise ArtifactError(f"MLflow says that the model {model_id!r} is {status}, not {_READY}; train again")


def _file(uri: str, folder: Path) -> Path:
    folder.mkdir()
    path = fetch_file(uri, folder)
    if not path.is_file():
        raise ArtifactError(f"{uri!r} is not one file; train again")
    return path
