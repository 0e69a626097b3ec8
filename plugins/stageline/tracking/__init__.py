"""How a DAG run appears in MLflow."""

from stageline.tracking.artifacts import (
    ModelCard,
    fetch_file,
    log_baselines,
    log_dataset,
    log_model,
    log_parameters,
    log_texts,
    log_values,
    log_window,
)
from stageline.tracking.runs import DagRun, Tracking

__all__ = [
    "DagRun",
    "ModelCard",
    "Tracking",
    "fetch_file",
    "log_baselines",
    "log_dataset",
    "log_model",
    "log_parameters",
    "log_texts",
    "log_values",
    "log_window",
]
