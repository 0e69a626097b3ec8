"""Batch scoring: rows in, one partition of predictions out, in batches, whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.serving.canary_rows import score_beside
from stageline.serving.overlap import check_overlap
from stageline.serving.prediction_columns import schema_of
from stageline.serving.scored_rows import ScoredRows, score_parts
from stageline.serving.skew import check_columns, check_skew
from stageline.serving.staged_files import Staging
from stageline.serving.tally import Tally, check_published, check_rows
from stageline.verdicts import Check

if TYPE_CHECKING:
    from stageline.serving.canary_rows import CanaryScoring, Tried
    from stageline.serving.predictions import PredictionsTable, Published
    from stageline.serving.rows import RowSource
    from stageline.serving.scoring import Scoring

# What scores all rows of a source and writes them to files.
Engine = Callable[["RowSource", "Scoring", Staging], ScoredRows]


@dataclass(frozen=True)
class Scored:
    """What a scoring concluded.

    :param published: The partition, or none where a check failed and nothing was written.
    :param tried: What became of the canary's rows; none: there was no canary.
    :param bytes_written: Of the partition's files, published or not.
    """

    checks: tuple[Check, ...]
    tally: Tally
    published: "Published | None"
    bounds: str | None = None
    tried: "Tried | None" = None
    bytes_written: int = 0


def in_this_process(source: "RowSource", scoring: "Scoring", staged: Staging) -> ScoredRows:
    """Score all rows here, one batch after the other."""
    return score_parts(source.uri, source.parts, scoring, staged)


def score_partition(
    source: "RowSource",
    scoring: "Scoring",
    table: "PredictionsTable",
    *,
    engine: Engine = in_this_process,
    canary: "CanaryScoring | None" = None,
    confirm: Callable[[], None] = lambda: None,
) -> Scored:
    """Score all rows of a source and put them in the place of one partition.

    Where a check fails, the partition stays as it was.

    :param engine: Scores the rows.
    :param canary: Answers its share of the rows; where it cannot, the champion does.
    :param confirm: Asked right before the rows are published; raises where they are not wanted any more.
    :raises SourceError: The source cannot be read to its end, or changed meanwhile.
    :raises DataError: A row cannot be read with the types of training, or a prediction is not finite.
    :raises ArtifactError: The predictions cannot be written.
    """
    columns_there = check_columns(source.schema, scoring.reference, name=source.uri)
    if not columns_there.verdict.advances:
        return Scored((columns_there,), Tally(), None)
    with table.stage(schema_of(scoring)) as staged:
        tried = None
        with source.unchanged():
            if canary is None:
                found = engine(source, scoring, staged)
            else:
                found, tried = score_beside(source, scoring, staged, engine, canary)
        tally, published = found.tally, None
        written = sum(file.rows for file in found.files)
        checks = (
            columns_there,
            *check_rows(tally, written=written, max_left_out=scoring.max_left_out, name=source.uri),
        )
        if tally.scored:
            checks = (*checks, *check_skew(found.skew, scoring.reference, scoring.limits, scoring.private))
        if tally.scored and scoring.watermark:
            own = scoring.own_source
            checks = (
                *checks, check_overlap(tally.known, tally.scored, watermark=scoring.watermark, own_source=own)
            )  # fmt: skip
        if all(check.effect is None or check.effect.advances for check in checks):
            about = {
                "stageline.partition": scoring.partition,
                "stageline.dag_run": scoring.scored_by,
                "stageline.model_digest": scoring.model_digest,
            }
            published = table.publish(staged, found.files, scoring.partition, about=about, confirm=confirm)
            checks = (*checks, check_published(published))
    return Scored(checks, tally, published, scoring.oracle.bounds, tried, sum(file.size_bytes for file in found.files))
