"""What came of the answers of both arms of an A/B test: the outcomes that came after them, and are known by now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import DataError, SourceError
from stageline.operators.watched_labels import OUTCOME, WatchedLabels

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa

    from stageline.monitoring.labels import LabelledRows
    from stageline.operators.run_context import RunContext
    from stageline.spec.ab_test import AbTest
    from stageline.traffic import Traffic

# Keys, event time, `prediction` and `stageline.answered` of the rows of champion and canary.
Said = Sequence["pa.Table"]


@dataclass(frozen=True)
class _Known:
    """What is known of one arm.

    :param values: Outcomes that came after the answers, shape (n,).
    :param before: How many were there before.
    """

    values: "np.ndarray"
    before: int = 0


def ab_test_of(run: "RunContext") -> "AbTest | None":
    """Return the A/B test that a pipeline's rollouts end with."""
    release = run.spec.release
    return release.rollout.ab_test if release and release.rollout else None


def with_outcomes(run: "RunContext", traffic: "Traffic", said: Callable[[], Said]) -> "Traffic":
    """Return what happened to requests with what came of their answers, where the spec has an A/B test.

    An outcome that was there before its row was answered cannot have come of the answer, and does not count. Outcomes
    that cannot be read are told of in the traffic: the canary is watched without them.

    :param said: Gives the rows that champion and canary answered.
    """
    test = ab_test_of(run)
    if test is None:
        return traffic
    labels, now = WatchedLabels(run, test.outcome), datetime.now(UTC)
    if labels.missing:
        return replace(traffic, outcomes_fault=f"the outcomes cannot be read: {labels.missing}")
    try:
        champion, canary = (_known(labels, table, now) for table in said())
    except (DataError, SourceError) as error:
        return replace(traffic, outcomes_fault=f"the outcomes cannot be read: {error}")
    before = champion.before + canary.before
    return replace(
        traffic,
        champion=replace(traffic.champion, outcomes=champion.values),
        canary=replace(traffic.canary, outcomes=canary.values),
        outcomes_fault=f"{before:,} known outcome(s) were there before the answers, and cannot have come of them"
        if before else "",
    )  # fmt: skip


def _known(labels: WatchedLabels, said: "pa.Table", now: datetime) -> _Known:
    import numpy as np
    import pyarrow as pa

    from stageline.monitoring.labels import join_labels

    if not said.num_rows:
        return _Known(np.empty(0))
    numbered = said.append_column(OUTCOME, pa.array(np.zeros(said.num_rows)))
    joined = join_labels(numbered.to_batches(), _read(labels), labels.columns, now)
    known = joined.only(joined.known)
    after = _came_after(labels, known)
    values = np.asarray(known.truth.to_numpy(zero_copy_only=False), float)
    return _Known(values[after], int((~after).sum()))


def _came_after(labels: WatchedLabels, known: "LabelledRows") -> "np.ndarray":
    """Return of which rows an outcome came after the answer, shape (n,), bool; of several it is the newest."""
    import pyarrow as pa

    from stageline.monitoring.labels import KNOWN_BY, join_labels
    from stageline.serving.observed_predictions import ANSWERED
    from stageline.tables.event_time import parse_event_time

    columns, answered = labels.columns, known.table[ANSWERED]
    if columns.arrived is None:
        times = parse_event_time(known.table, columns.event_time).cast(pa.int64())
        late: np.ndarray = times.to_numpy() + columns.delay // timedelta(microseconds=1) > answered.to_numpy()
        return late
    asked = known.table.append_column(KNOWN_BY, answered)
    then = join_labels(asked.to_batches(), _read(labels) if known.scored else (), columns, datetime.now(UTC))
    more: np.ndarray = known.counts["times"] > then.counts["times"]
    return more


def _read(labels: WatchedLabels) -> "Iterator[pa.RecordBatch]":
    """Yield the table of outcomes, true and false as 1 and 0."""
    import pyarrow as pa

    for batch in labels.batches():
        columns = {name: batch.column(name) for name in batch.schema.names}
        columns[labels.columns.value] = _as_numbers(columns[labels.columns.value])
        yield pa.RecordBatch.from_pydict(columns)


def _as_numbers(values: "pa.Array") -> "pa.Array":
    """Return true and false as 1 and 0, also where they are texts, as in a CSV file; the rest as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_boolean(values.type):
        return values.cast(pa.int8())
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return values
    words = pc.utf8_lower(pc.utf8_trim_whitespace(values))
    for word, number in (("true", "1"), ("false", "0")):
        values = pc.if_else(pc.equal(words, word), pa.scalar(number, values.type), values)
    return values
