"""The true values of a pipeline's rows as they lie in a table, and the champion's predictions that they judge."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from stageline.exceptions import DataError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.ledger import ModelVersion
    from stageline.monitoring.labels import LabelColumns
    from stageline.monitoring.windows import Window
    from stageline.operators.run_context import RunContext
    from stageline.serving import RowSource
    from stageline.spec.ab_test import Outcome

# Column beside the predictions that has the type of outcomes.
OUTCOME = "stageline.outcome"


@dataclass(frozen=True)
class WatchedLabels:
    """The table of labels of a run's pipeline, or that of the outcomes of an A/B test.

    :param outcome: What came of the answers, which is read instead of the true values.
    """

    run: "RunContext"
    outcome: "Outcome | None" = None

    @property
    def uri(self) -> str:
        """Where they are."""
        monitor = self.run.spec.monitor
        own = self.outcome.uri if self.outcome else None
        return own or (monitor.labels.uri if monitor else None) or self.run.spec.source.uri

    @property
    def columns(self) -> "LabelColumns":
        """What its columns are called.

        :raises DataError: The spec names no keys or no event time.
        """
        from stageline.monitoring.labels import LabelColumns

        spec = self.run.spec
        if not spec.source.keys or spec.source.event_time is None:
            raise DataError(f"pipeline {self.run.name!r} needs source.keys and source.event_time to find its labels by")
        if self.outcome is not None:
            delay = spec.target.label_delay if self.outcome.delay is None else self.outcome.delay
            return LabelColumns(
                keys=spec.source.keys, event_time=spec.source.event_time, value=self.outcome.column,
                arrived=self.outcome.arrived, delay=delay, prediction=OUTCOME,
            )  # fmt: skip
        labels = spec.monitor.labels if spec.monitor else None
        return LabelColumns(
            keys=spec.source.keys,
            event_time=spec.source.event_time,
            value=(labels.column if labels else None) or spec.target.column,
            arrived=labels.arrived if labels else None,
            delay=spec.target.label_delay,
        )

    @cached_property
    def _opened(self) -> "RowSource | SourceError":
        from stageline.serving import open_rows

        try:
            # A CSV file's values are read as texts: which type they have to fit, the predictions tell.
            return open_rows(self.uri, self.run.project, {})
        except SourceError as error:
            return error

    @property
    def missing(self) -> str:
        """Why there is no table of labels; empty if there is one."""
        return str(self._opened) if isinstance(self._opened, SourceError) else ""

    @property
    def digest(self) -> str:
        """What the labels are; of a missing table, why."""
        return self.missing if isinstance(self._opened, SourceError) else self._opened.digest

    def batches(self) -> "Iterator[pa.RecordBatch]":
        """Yield keys, true values and, if named, arrival times; nothing of a table that is not there.

        :raises DataError: A column is missing.
        :raises SourceError: The table cannot be read to its end, or changed meanwhile.
        """
        from stageline.serving.row_parts import RaggedLines, read_part

        source = self._opened
        if isinstance(source, SourceError):
            return
        columns = self.columns
        wanted = list(dict.fromkeys((*columns.keys, columns.value, *([columns.arrived] if columns.arrived else []))))
        if missing := [name for name in wanted if name not in source.schema.names]:
            raise DataError(
                f"labels {self.uri!r}: column {missing[0]!r} is missing; there are: {', '.join(source.schema.names)}"
            )
        with source.unchanged():
            for part in source.parts:
                # Ragged lines are no rows: the quality step tells of them.
                yield from read_part(self.uri, part, wanted, RaggedLines())


@dataclass(frozen=True)
class CountedPredictions:
    """The predictions of a window that count: the champion's own, of rows that its training never saw.

    :param made: Predictions of the window by any model.
    :param none: Why none counts, if so.
    """

    batches: "tuple[pa.RecordBatch, ...]"
    made: int
    none: str = ""


def champions_predictions(run: "RunContext", version: "ModelVersion", window: "Window") -> CountedPredictions:
    """Return the predictions of a window that count."""
    import pyarrow.compute as pc

    from stageline.serving.newest_predictions import newest_predictions

    source = run.spec.source
    time = source.event_time or ""
    wanted = (*source.keys, time, "prediction", "probability", "probabilities")
    made, kept = 0, []
    for batch in newest_predictions(run.predictions, time, window.start, window.end):
        made += batch.num_rows
        own = batch.filter(pc.equal(batch.column("model_digest").cast("string"), version.digest))
        own = unseen(own, version, time)
        if own.num_rows:
            kept.append(own.select([name for name in dict.fromkeys(wanted) if name in own.schema.names]))
    return CountedPredictions(tuple(kept), made, "" if kept else why_none(made, version, window))


def unseen(batch: "pa.RecordBatch", version: "ModelVersion", event_time: str) -> "pa.RecordBatch":
    """Return the rows that are newer than all that the model was trained and judged on."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not version.watermark:
        return batch
    moment = datetime.fromisoformat(version.watermark)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    limit = (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
    times = batch.column(event_time).cast(pa.timestamp("us", batch.schema.field(event_time).type.tz)).cast(pa.int64())
    return batch.filter(pc.greater(times, limit))


def why_none(made: int, version: "ModelVersion", window: "Window") -> str:
    """Return why no prediction of a window counts."""
    if not made:
        return f"no prediction was made of rows from {window}"
    return (
        f"none of {made:,} predictions of rows from {window} is by version {version.version} and of a row newer than "
        f"its data, which end {version.watermark or 'at no known time'}"
    )
