"""What is lost by predictions whose true value is known: absolute errors, or classes that are wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.exceptions import DataError, SourceError
from stageline.operators.watched_labels import WatchedLabels, unseen

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.ledger import ModelVersion
    from stageline.operators.run_context import RunContext
    from stageline.traffic import Traffic


def judged_by_losses(run: "RunContext") -> bool:
    """Whether the rollouts of a pipeline are judged by what the models lose."""
    release = run.spec.release
    return any(metric.metric == "kpi" for metric in (release.rollout.metrics if release and release.rollout else ()))


def with_losses(
    run: "RunContext",
    traffic: "Traffic",
    said: "Callable[[], Sequence[pa.Table]]",
    models: "tuple[ModelVersion, ModelVersion]",
) -> "Traffic":
    """Return what happened to requests with the loss of each labelled prediction, where a rollout is judged by that.

    Rows that one of the models was trained on tell nothing of it, so that they count for none. Labels that cannot be
    read are told of in the traffic: the canary is watched without them.

    :param said: Gives keys, event time and `prediction` of the rows that champion and canary answered.
    :param models: Champion and canary.
    """
    if not judged_by_losses(run):
        return traffic
    labels, now = WatchedLabels(run), datetime.now(UTC)
    if labels.missing:
        return replace(traffic, losses_fault=f"the labels cannot be read: {labels.missing}")
    try:
        champion, canary = (_losses(labels, table, models, now) for table in said())
    except (DataError, SourceError) as error:
        return replace(traffic, losses_fault=f"the labels cannot be read: {error}")
    return replace(
        traffic,
        champion=replace(traffic.champion, losses=champion),
        canary=replace(traffic.canary, losses=canary),
    )


def _losses(labels: WatchedLabels, said: "pa.Table", models: "Sequence[ModelVersion]", now: datetime) -> "np.ndarray":
    import numpy as np

    from stageline.monitoring.labels import join_labels
    from stageline.spec import Task

    if not said.num_rows:
        return np.empty(0)
    batches = said.to_batches()
    for model in models:
        batches = [unseen(batch, model, labels.columns.event_time) for batch in batches]
    joined = join_labels(batches, labels.batches(), labels.columns, now)
    known = joined.known
    truth, values = joined.truth.drop_null(), joined.table["prediction"].filter(known)
    if labels.run.spec.target.task is Task.CLASSIFICATION:
        pairs = zip(truth.to_pylist(), values.to_pylist(), strict=True)
        return np.array([float(true != value) for true, value in pairs])
    errors = np.asarray(truth.to_numpy(zero_copy_only=False), float) - np.asarray(values.to_numpy(), float)
    losses: np.ndarray = np.abs(errors)
    return losses
