"""The performance of a champion in windows that are past, as the step would have judged each of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.persistence import EarlierRun, check_persistence

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.evaluation import Estimate
    from stageline.monitoring.estimation import Estimated
    from stageline.monitoring.windows import Window
    from stageline.operators.watched_performance import JudgedWindow
    from stageline.operators.watched_window import WatchedWindow
    from stageline.verdicts import Check


@dataclass(frozen=True)
class PastPerformance:
    """A window that is past.

    :param judged: What would have been said of it.
    :param said_at: When: its labels were due then.
    :param estimated: What was expected of it at its end, without a label; none without a prediction.
    :param warning: SL-M016, of that.
    :param persistent: SL-M017, what had stayed for k of n windows by then.
    """

    judged: "JudgedWindow"
    said_at: datetime
    estimated: "Estimated | None" = None
    warning: "Check | None" = None
    persistent: "tuple[Check, ...]" = ()

    @property
    def window(self) -> "Window":
        """The window."""
        return self.judged.window

    @property
    def checks(self) -> "tuple[Check, ...]":
        """All checks on the window."""
        return (*self.judged.checks, *((self.warning,) if self.warning else ()), *self.persistent)


def performance_history(watched: "WatchedWindow", start: datetime, end: datetime) -> tuple[PastPerformance, ...]:
    """Return what the step would have said of each whole window from `start` on whose labels were due by `end`.

    The champion is asked for its predictions anew: it may not have been there then. Of rows that its training saw
    nothing is said.

    :param watched: Any window of the model; its length is that of all.
    :raises DataError: There is no such window.
    """
    from stageline.monitoring.windows import windows

    length, delay = watched.window.end - watched.window.start, watched.run.spec.target.label_delay
    every = tuple(window for window in windows(start, end, length) if window.end + delay <= end)
    if not every:
        raise DataError(
            f"no whole window of {length} whose labels are due (target.label_delay {delay}) fits between "
            f"{start.isoformat()} and {end.isoformat()}"
        )
    return tuple(_judge(watched, every, delay))


def _judge(watched: "WatchedWindow", every: "Sequence[Window]", delay: timedelta) -> Iterator[PastPerformance]:
    from stageline.monitoring.labels import join_labels
    from stageline.monitoring.performance_checks import estimated_check, lasting, performance_persistence
    from stageline.operators.released_holdout import released_holdout
    from stageline.operators.watched_labels import WatchedLabels, why_none
    from stageline.operators.watched_performance import estimate, judge_labelled, limits_of

    run, spec = watched.run, watched.run.spec
    labels, released = WatchedLabels(run), released_holdout(watched.champion)
    with watched.source.unchanged():
        made, asked = predictions_anew(watched, every, delay)
    joined = join_labels(asked, labels.batches() if asked else (), labels.columns, every[-1].end + delay)
    persist = spec.monitor.persist if spec.monitor else None
    rule = performance_persistence(persist.k, persist.n) if persist else None
    losses: list[Estimate | None] = []
    earlier: list[EarlierRun] = []
    for number, window in enumerate(every):
        inside = (joined.seconds >= window.start.timestamp()) & (joined.seconds < window.end.timestamp())
        part = joined.only(inside)
        none = "" if part.scored else why_none(made[number], watched.champion.version, window)
        judged = judge_labelled(
            spec, window, part, released, losses, uri=labels.uri, none=none, missing=labels.missing
        )  # fmt: skip
        losses.append(judged.loss)
        estimated = estimate(spec, part.table.to_batches(), released) if part.scored else None
        told = PastPerformance(judged, window.end + delay, estimated)
        if estimated is not None:
            told = replace(told, warning=estimated_check(estimated, spec.kpi, limits_of(spec)))
        if rule is not None:
            stays = check_persistence(lasting(judged.checks), earlier, rule)
            told = replace(told, persistent=tuple(stays))
        earlier.append(
            EarlierRun(window.end, window.end.isoformat(), [each.model_dump(mode="json") for each in judged.checks])
        )
        yield told


def predictions_anew(
    watched: "WatchedWindow", every: "Sequence[Window]", delay: timedelta
) -> "tuple[list[int], list[pa.RecordBatch]]":
    """Return how many rows of each window the champion answers, and its answers that count."""
    import numpy as np
    import pyarrow as pa

    from stageline.monitoring.labels import KNOWN_BY
    from stageline.monitoring.window_rows import WINDOW, rows_by_window
    from stageline.operators.watched_labels import unseen
    from stageline.serving import Oracle
    from stageline.serving.features import feature_rows
    from stageline.spec import Task

    champion, spec = watched.champion, watched.run.spec
    reference = champion.reference
    keys, time = spec.source.keys, spec.source.event_time or ""
    oracle = Oracle(champion.load(), spec.target.task is Task.CLASSIFICATION, positive=spec.target.positive)
    ends = np.array([(each.end + delay).astimezone(UTC).replace(tzinfo=None) for each in every], "datetime64[us]")
    made, kept = np.zeros(len(every), np.int64), []
    for batch in rows_by_window(watched.batches(reference.columns.read), every, time, name=watched.source.uri):
        usable = feature_rows(batch, reference.columns, reference.integers)
        if not len(usable.frame):
            continue
        left = np.ones(batch.num_rows, bool)
        for places in usable.left_out.values():
            left[places] = False
        numbers = np.asarray(batch.column(WINDOW))[left]
        made += np.bincount(numbers, minlength=len(every))
        answers = oracle.answer(usable.frame)
        columns: dict[str, Any] = {name: usable.table[name] for name in dict.fromkeys((*keys, time))}
        said = ("prediction", "probability", "probabilities")
        columns |= {name: answers[name] for name in said if name in answers}
        table = pa.table({**columns, KNOWN_BY: pa.array(ends[numbers])})
        for each in table.combine_chunks().to_batches():
            own = unseen(each, champion.version, time)
            if own.num_rows:
                kept.append(own)
    return made.tolist(), kept
