"""Specs for tests of the rooms that work on tables."""

from typing import Any

from stageline.spec.models import PipelineSpec

_ESTIMATORS = {
    "regression": "sklearn.linear_model.Ridge",
    "classification": "sklearn.linear_model.LogisticRegression",
}
_METRICS = {"regression": "mean_absolute_error", "classification": "accuracy_score"}


def spec_of(task: str = "regression", column: str = "y", **sections: Any) -> PipelineSpec:
    """Return a POC's spec; `source`, `target`, `features`, `train` and `kpi` add to the defaults."""
    metric = sections.get("kpi", {}).get("metric", _METRICS[task])
    less = metric.endswith(("_error", "_loss")) or metric == "log_loss"
    return PipelineSpec.model_validate(
        {
            "pipeline": "trial",
            "stage": "poc",
            "source": {"uri": "data.csv", **sections.get("source", {})},
            "target": {"column": column, "task": task, **sections.get("target", {})},
            "features": sections.get("features", {}),
            "train": {"estimator": _ESTIMATORS[task], **sections.get("train", {})},
            "kpi": {"metric": metric, "max" if less else "min": 0.5, **sections.get("kpi", {})},
            **({"gates": sections["gates"]} if "gates" in sections else {}),
        }
    )
