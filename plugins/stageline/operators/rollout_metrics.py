"""What a rollout is judged by, where its spec leaves that to the target."""

from typing import TYPE_CHECKING

from stageline.spec.rollout import ErrorRate, Latency, PredictionShift, RolloutMetric

if TYPE_CHECKING:
    from stageline.spec import PipelineSpec

# Targets that measure how long each answer takes.
_TIMED = ("http", "sagemaker")


def metrics_of(spec: "PipelineSpec") -> tuple[RolloutMetric, ...]:
    """Return the metrics of a pipeline's rollouts; no metric at all would let everything through."""
    release = spec.release
    if release is not None and release.rollout is not None and release.rollout.metrics:
        return release.rollout.metrics
    timed = release is not None and release.target in _TIMED
    always = (ErrorRate(metric="error_rate"), PredictionShift(metric="predictions"))
    return (*always, Latency(metric="latency")) if timed else always
