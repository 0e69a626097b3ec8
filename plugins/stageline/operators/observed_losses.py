"""What is lost by predictions whose true value is known: absolute errors, or classes that are wrong."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from stageline.operators.watched_labels import WatchedLabels, unseen

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.ledger import ModelVersion
    from stageline.operators.run_context import RunContext


def judged_by_losses(run: "RunContext") -> bool:
    """Whether the rollouts of a pipeline are judged by what the models lose."""
    release = run.spec.release
    return any(metric.metric == "kpi" for metric in (release.rollout.metrics if release and release.rollout else ()))


def observed_losses(
    run: "RunContext", said: "Sequence[pa.Table]", models: "Sequence[ModelVersion]", now: datetime
) -> "list[np.ndarray]":
    """Return the loss of each labelled prediction, by table.

    Rows that one of the models was trained on tell nothing of it, so that they count for none.

    :param said: Keys, event time and `prediction` of the rows, a table for each model.
    :param now: What came later is not known yet.
    :raises DataError: The spec names no event time, or the labels lack a column.
    :raises SourceError: The labels cannot be read to their end.
    """
    return [_losses(run, table, models, now) for table in said]


def _losses(run: "RunContext", said: "pa.Table", models: "Sequence[ModelVersion]", now: datetime) -> "np.ndarray":
    import numpy as np

    from stageline.monitoring.labels import join_labels
    from stageline.spec import Task

    labels = WatchedLabels(run)
    if not said.num_rows or labels.missing:
        return np.empty(0)
    batches = said.to_batches()
    for model in models:
        batches = [unseen(batch, model, labels.columns.event_time) for batch in batches]
    joined = join_labels(batches, labels.batches(), labels.columns, now)
    known = joined.known
    truth, values = joined.truth.drop_null(), joined.table["prediction"].filter(known)
    if run.spec.target.task is Task.CLASSIFICATION:
        pairs = zip(truth.to_pylist(), values.to_pylist(), strict=True)
        return np.array([float(true != value) for true, value in pairs])
    errors = np.asarray(truth.to_numpy(zero_copy_only=False), float) - np.asarray(values.to_numpy(), float)
    losses: np.ndarray = np.abs(errors)
    return losses
