"""A canary answers its share of a batch; where it cannot, the champion does, and the canary's failure is counted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stageline.exceptions import DataError, Outage, StagelineError
from stageline.serving.prediction_columns import schema_of
from stageline.serving.scored_rows import ScoredRows

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.serving.rows import RowSource
    from stageline.serving.scoring import Scoring
    from stageline.serving.share import Share
    from stageline.serving.staged_files import Staging


@dataclass(frozen=True)
class CanaryScoring:
    """Who tries to answer a share of the rows.

    :param make: Returns its scoring, with its share; raises where its model cannot be loaded.
    :param engine: Scores with it.
    """

    share: "Share"
    make: "Callable[[], Scoring]"
    engine: "Callable[[RowSource, Scoring, Staging], ScoredRows]"


@dataclass(frozen=True)
class Tried:
    """What became of a canary's rows.

    :param events: Rows that it was to answer.
    :param failure: Why it answered none of them, in words; empty: it did.
    """

    events: int
    failure: str = ""


def score_beside(
    source: "RowSource",
    scoring: "Scoring",
    staged: "Staging",
    engine: "Callable[[RowSource, Scoring, Staging], ScoredRows]",
    canary: CanaryScoring,
) -> tuple[ScoredRows, Tried]:
    """Score a source with two models, each its share of the rows.

    A canary that fails on a row would have written nothing: all of its share counts as failed, and is the
    champion's.

    :raises StagelineError: The champion cannot score, or a store is away.
    """
    own = engine(source, replace(scoring, share=canary.share.other), staged)
    try:
        tried = canary.make()
        if (other := schema_of(tried)) != staged.schema:
            raise DataError(f"its predictions have other columns: {_difference(other, staged.schema)}")
        found = canary.engine(source, tried, staged)
    except Outage:
        raise
    except StagelineError as error:
        instead = engine(source, replace(scoring, share=canary.share), staged)
        return own.followed_by(instead), Tried(instead.tally.scored, str(error))
    # What the canary learned from is not what the champion did: the skew is the champion's own.
    both = ScoredRows(own.tally.followed_by(found.tally), own.skew, (*own.files, *found.files))
    return both, Tried(found.tally.scored)


def _difference(found: "pa.Schema", wanted: "pa.Schema") -> str:
    differing = next(
        name
        for name in dict.fromkeys((*found.names, *wanted.names))
        if name not in found.names or name not in wanted.names or found.field(name).type != wanted.field(name).type
    )
    kinds = [schema.field(differing).type if differing in schema.names else "missing" for schema in (found, wanted)]
    return f"{differing!r} is {kinds[0]}, the champion's {kinds[1]}"
