"""The model of a run as it is stored, loaded back."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.operators.quiet import quiet_search

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext


def load_stored(run: "RunContext", wanted: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return stored models by name.

    :param wanted: What the step `train` recorded of each: `uri` and `digest`.
    :raises ArtifactError: One is not the one recorded.
    """
    from stageline.tracking import fetch_file
    from stageline.training import load_model

    mlflow_run = run.evidence("train")["mlflow_run"]
    models = {}
    with tempfile.TemporaryDirectory() as scratch, run.tracking.resume(mlflow_run), quiet_search():
        for name, stored in wanted.items():
            path = fetch_file(stored["uri"], Path(scratch) / name)
            models[name] = load_model(path, digest=stored["digest"], trusted_types=run.settings.trusted_types)
    return models
