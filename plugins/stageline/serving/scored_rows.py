"""Rows in, a file of predictions out, and what became of each row: in batches, in one process."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from stageline.exceptions import DataError, SourceError
from stageline.serving.features import feature_rows
from stageline.serving.overlap import rows_until
from stageline.serving.prediction_columns import table_of
from stageline.serving.row_parts import RaggedLines, RowPart, read_part
from stageline.serving.skew_watch import SkewCounts, SkewWatch
from stageline.serving.staged_files import StagedFile, Staging
from stageline.serving.tally import NAMED_ROWS, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from stageline.serving.features import FeatureRows
    from stageline.serving.scoring import Scoring

_T = TypeVar("_T")


@dataclass(frozen=True)
class ScoredRows:
    """What became of rows that follow each other in a source.

    :param files: Their predictions.
    """

    tally: Tally
    skew: SkewCounts
    files: tuple[StagedFile, ...] = ()

    def followed_by(self, other: "ScoredRows") -> "ScoredRows":
        """Return what became of these rows and of those that come after them."""
        return ScoredRows(
            self.tally.followed_by(other.tally), self.skew.followed_by(other.skew), (*self.files, *other.files)
        )


def score_parts(uri: str, parts: Sequence[RowPart], scoring: "Scoring", staged: Staging) -> ScoredRows:
    """Score the rows of parts, and write their predictions to a file.

    :param uri: How errors call the source.
    :raises SourceError: The parts cannot be read to their end.
    :raises DataError: A row cannot be read with the types of training, or a prediction is not finite.
    :raises ArtifactError: The predictions cannot be written.
    """
    tally, watch = Tally(), SkewWatch(scoring.reference)
    with staged.open() as file, ThreadPoolExecutor(1) as writer:
        pending = None
        for rows in _ahead(_feature_batches(uri, parts, scoring, tally)):
            watch.see(rows)
            if len(rows.frame):
                answers = _ask(scoring, rows, tally)
                if pending is not None:
                    pending.result()
                pending = writer.submit(file.write, table_of(rows, answers, scoring, staged.schema))
            tally.scored += len(rows.frame)
            if scoring.watermark and (time := scoring.reference.columns.event_time):
                tally.known += rows_until(rows.table[time], scoring.watermark)
        if pending is not None:
            pending.result()
        return ScoredRows(tally, watch.counts, (file.close(),))


def _feature_batches(uri: str, parts: Sequence[RowPart], scoring: "Scoring", tally: Tally) -> "Iterator[FeatureRows]":
    reference = scoring.reference
    columns, integers = reference.columns, reference.integers
    with _discreet(uri, scoring):
        for part in parts:
            ragged = RaggedLines()
            for read in read_part(uri, part, columns.read, ragged):
                batch = read if scoring.share is None else scoring.share.of(read)
                rows = feature_rows(batch, columns, integers)
                _name(rows, batch, scoring, tally)
                tally.rows += batch.num_rows
                yield rows
            # Lines that are no rows have no keys: they are counted once, with the champion's share.
            if scoring.share is None or not scoring.share.canary:
                tally.add_ragged(ragged)


@contextmanager
def _discreet(uri: str, scoring: "Scoring") -> "Iterator[None]":
    """Name the source where its rows cannot be read, and no value of a table with private columns."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, DataError, SourceError) as error:
        if scoring.private:
            raise DataError(
                f"{uri!r}: a value cannot be read as in training; it is not shown, as the table has private "
                "columns; mend the source"
            ) from None
        if isinstance(error, SourceError):
            raise
        raise DataError(f"{uri!r}: cannot be read as in training: {error}") from error


def _name(rows: "FeatureRows", batch: "pa.RecordBatch", scoring: "Scoring", tally: Tally) -> None:
    shown = [key for key in scoring.reference.columns.keys if key not in scoring.private]
    for reason, places in rows.left_out.items():
        tally.reasons[reason] = tally.reasons.get(reason, 0) + len(places)
        tally.name(
            {
                "reason": reason,
                # Of a share, the rows' own count is no position in the source.
                **({"position": tally.read + place} if scoring.share is None else {}),
                "keys": {key: str(batch.column(key)[place].as_py())[:100] for key in shown},
            }
            for place in places[:NAMED_ROWS].tolist()
        )


def _ahead(items: Iterable[_T]) -> "Iterator[_T]":
    """Yield items of which the next one is made meanwhile, in a thread."""
    steps = iter(items)
    with ThreadPoolExecutor(1) as reader:
        pending = reader.submit(lambda: list(_first(steps)))
        while found := pending.result():
            pending = reader.submit(lambda: list(_first(steps)))
            yield found[0]


def _first(steps: "Iterator[_T]") -> "Iterator[_T]":
    for item in steps:
        yield item
        return


def _ask(scoring: "Scoring", rows: "FeatureRows", tally: Tally) -> "dict[str, pa.Array]":
    try:
        return scoring.oracle.answer(rows.frame)
    except DataError as error:
        place = f"of the {len(rows.frame):,} rows after the first {tally.scored:,}; nothing was written"
        if scoring.private and error.__cause__ is not None:
            raise DataError(
                f"the {type(scoring.oracle.model).__name__} raised {type(error.__cause__).__name__}, {place}; what it "
                "said is not shown, as the table has private columns"
            ) from None
        raise DataError(f"{error}, {place}") from error
