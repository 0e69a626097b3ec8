"""A canary answers its share of a batch; where it cannot, the champion does, and the canary's failure is counted."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from stageline.exceptions import Outage, StagelineError
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

    :param make: Returns its scoring, with its share; raises, whatever it likes, where its model cannot be loaded.
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
    champion's. So is that of one that cannot be loaded, for whatever reason.

    :raises StagelineError: The champion cannot score, or the source's store is away.
    """
    own = engine(source, replace(scoring, share=canary.share.other), staged)
    found = _tried(source, staged, canary)
    if isinstance(found, str):
        instead = engine(source, replace(scoring, share=canary.share), staged)
        return own.followed_by(instead), Tried(instead.tally.scored, found)
    # What the canary learned from is not what the champion did: the skew is the champion's own.
    both = ScoredRows(own.tally.followed_by(found.tally), own.skew, (*own.files, *found.files))
    return both, Tried(found.tally.scored)


def _tried(source: "RowSource", staged: "Staging", canary: CanaryScoring) -> "ScoredRows | str":
    """Return what a canary scored, or why it did not, in words.

    :raises Outage: The source's store is away, which the champion needs as well.
    """
    try:
        scoring = canary.make()
        if (other := schema_of(scoring)) != staged.schema:
            return f"its predictions have other columns: {_difference(other, staged.schema)}"
    except Exception as error:  # noqa: BLE001 - no canary keeps the champion from its rows
        return _words(error)
    try:
        return canary.engine(source, scoring, staged)
    except Outage:
        raise
    except Exception as error:  # noqa: BLE001 - the same
        return _words(error)


def _words(error: Exception) -> str:
    # What other code says may quote a private value.
    return str(error) if isinstance(error, StagelineError) else f"it raised {type(error).__name__}"


def _difference(found: "pa.Schema", wanted: "pa.Schema") -> str:
    differing = next(
        name
        for name in dict.fromkeys((*found.names, *wanted.names))
        if name not in found.names or name not in wanted.names or found.field(name).type != wanted.field(name).type
    )
    kinds = [schema.field(differing).type if differing in schema.names else "missing" for schema in (found, wanted)]
    return f"{differing!r} is {kinds[0]}, the champion's {kinds[1]}"
