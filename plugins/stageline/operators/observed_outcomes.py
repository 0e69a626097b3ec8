"""What came of the answers of both arms of an A/B test: the outcomes that are known by now."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.exceptions import DataError, SourceError
from stageline.operators.watched_labels import OUTCOME, WatchedLabels

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.operators.run_context import RunContext
    from stageline.spec.ab_test import AbTest
    from stageline.traffic import Traffic

# Keys, event time and `prediction` of the rows of champion and canary.
Said = Sequence["pa.Table"]


def ab_test_of(run: "RunContext") -> "AbTest | None":
    """Return the A/B test that a pipeline's rollouts end with."""
    release = run.spec.release
    return release.rollout.ab_test if release and release.rollout else None


def with_outcomes(run: "RunContext", traffic: "Traffic", said: Callable[[], Said]) -> "Traffic":
    """Return what happened to requests with what came of their answers, where the spec has an A/B test.

    Outcomes that cannot be read are told of in the traffic: the canary is watched without them.

    :param said: Reads the rows that champion and canary answered.
    """
    test = ab_test_of(run)
    if test is None:
        return traffic
    labels = WatchedLabels(run, test.outcome)
    if labels.missing:
        return replace(traffic, outcomes_fault=f"the outcomes cannot be read: {labels.missing}")
    try:
        champion, canary = (_outcomes(labels, table, datetime.now(UTC)) for table in said())
    except (DataError, SourceError) as error:
        return replace(traffic, outcomes_fault=f"the outcomes cannot be read: {error}")
    return replace(
        traffic,
        champion=replace(traffic.champion, outcomes=champion),
        canary=replace(traffic.canary, outcomes=canary),
    )


def _outcomes(labels: WatchedLabels, said: "pa.Table", now: datetime) -> "np.ndarray":
    import numpy as np
    import pyarrow as pa

    from stageline.monitoring.labels import join_labels

    if not said.num_rows:
        return np.empty(0)
    numbered = said.append_column(OUTCOME, pa.array(np.zeros(said.num_rows)))
    joined = join_labels(numbered.to_batches(), labels.batches(), labels.columns, now)
    return np.asarray(joined.truth.drop_null().to_numpy(zero_copy_only=False), float)
