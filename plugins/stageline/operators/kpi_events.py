"""The events of an objective on the KPI: predictions whose true values are known by now."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from stageline.exceptions import Refusal
from stageline.spec import Task

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.monitoring.labels import LabelledRows
    from stageline.operators.run_context import RunContext
    from stageline.serving import RowSource
    from stageline.serving.first_scored import FirstPredictions
    from stageline.spec.operating import Objective

# Predictions at a time: the labels are read once for each such part of the period.
_AT_ONCE = 1_000_000


class KpiEvents:
    """Predictions of a period, each row's first, by when their true values were due.

    :param scored: Predictions that were due.
    :param labelled: Those of which the true value is known.
    """

    def __init__(self, run: "RunContext", objective: "Objective") -> None:
        self.run = run
        self.objective = objective
        self.scored = 0
        self.labelled = 0

    def between(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, int, int]]:
        """Yield events that were due from `start` on and before `end`: when, how many are good, how many there are.

        :raises SourceError: The labels cannot be read.
        :raises ArtifactError: The predictions cannot be read.
        :raises DataError: A column of the labels is missing, or of another kind than the predictions'.
        """
        delay = self.run.spec.target.label_delay
        for first, last in _parts(_first_predictions(self.run), start - delay, end - delay):
            rows = labelled(self.run, first, last, now=end)
            self.scored += rows.scored
            self.labelled += rows.labelled
            yield from self._events(rows, delay)

    def _events(self, rows: "LabelledRows", delay: timedelta) -> Iterator[tuple[datetime, int, int]]:
        import numpy as np

        if not rows.labelled:
            return
        known = rows.only(rows.known)
        good = self._good(known)
        moments, places = np.unique(known.seconds, return_inverse=True)
        totals = np.bincount(places, minlength=len(moments))
        goods = np.bincount(places, weights=good, minlength=len(moments))
        for moment, good_ones, all_ones in zip(moments.tolist(), goods.tolist(), totals.tolist(), strict=True):
            yield datetime.fromtimestamp(moment, UTC) + delay, int(good_ones), all_ones

    def _good(self, rows: "LabelledRows") -> "np.ndarray":
        import numpy as np
        import pyarrow.compute as pc

        said = rows.table["prediction"]
        if self.run.spec.target.task is Task.CLASSIFICATION:
            # As texts: of whole numbers and texts the two tables may have different widths.
            return np.asarray(pc.equal(said.cast("string"), rows.truth.cast("string")).fill_null(False), dtype=bool)
        error = np.abs(np.asarray(said.cast("double")) - np.asarray(rows.truth.cast("double")))
        # What is not finite is never within the limit.
        return np.asarray(error <= self.objective.max_error, dtype=bool)


def labelled(run: "RunContext", start: datetime, end: datetime, *, now: datetime) -> "LabelledRows":
    """Return the first predictions of rows of a stretch of event times, with the true values that are known by a time.

    :param start: Of the event times, in UTC, up to before `end`.
    """
    from stageline.monitoring.labels import LabelColumns, join_labels
    from stageline.serving.first_scored import HAPPENED

    names = _label_columns(run)
    columns = LabelColumns(
        keys=run.spec.source.keys, event_time=HAPPENED, value=names[0], arrived=names[1] if names[1:] else None,
        delay=run.spec.target.label_delay,
    )  # fmt: skip
    said = _first_predictions(run).between(start, end, _watermarks(run))
    return join_labels(said, _labels(run), columns, now)


def labels_digest(run: "RunContext") -> str:
    """Return the digest of the table of labels as it is now, or why it cannot be read."""
    try:
        return _label_source(run).digest
    except Refusal as refusal:
        return str(refusal)


def _labels(run: "RunContext") -> "Iterator[pa.RecordBatch]":
    from stageline.serving.row_parts import RaggedLines, read_part

    source = _label_source(run)
    columns = list(dict.fromkeys((*run.spec.source.keys, *_label_columns(run))))
    for part in source.parts:
        yield from read_part(source.uri, part, columns, RaggedLines())


def _label_source(run: "RunContext") -> "RowSource":
    from stageline.operators.champion import Champion
    from stageline.serving import open_rows

    labels = run.spec.monitor.labels if run.spec.monitor else None
    uri = (labels.uri if labels else None) or run.spec.source.uri
    return open_rows(uri, run.project, Champion.of(run).reference.csv_types)


def _label_columns(run: "RunContext") -> Sequence[str]:
    """Return the column of true values and, if there is one, that of when they came."""
    labels = run.spec.monitor.labels if run.spec.monitor else None
    value = (labels.column if labels else None) or run.spec.target.column
    return (value, labels.arrived) if labels and labels.arrived else (value,)


def _first_predictions(run: "RunContext") -> "FirstPredictions":
    from stageline.serving.first_scored import FirstPredictions

    return FirstPredictions(run.predictions, run.spec.source.event_time or "")


def _watermarks(run: "RunContext") -> dict[int, datetime]:
    """Return how far the data of each released version go; it is no merit to know what it was trained on."""
    from stageline.ledger.head import CHANGE, PROMOTION, HeadChange

    moves = run.ledger.records(run.name, kinds=(PROMOTION,))
    versions = [HeadChange.model_validate(move.evidence[CHANGE]).after for move in moves]
    return {each.version: datetime.fromisoformat(each.watermark) for each in versions if each.watermark}


def _parts(predictions: "FirstPredictions", start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield parts of a stretch of event times in which there are not too many predictions to be held at once."""
    count = -(-predictions.rows(start, end) // _AT_ONCE)
    length = (end - start) / count if count else end - start
    for number in range(count):
        yield start + number * length, end if number == count - 1 else start + (number + 1) * length
