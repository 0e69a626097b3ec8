"""Who scores, and what is said of each prediction."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from stageline.serving.skew import SkewLimits

if TYPE_CHECKING:
    from stageline.serving.answers import Oracle
    from stageline.serving.reference import Reference
    from stageline.serving.share import Share


@dataclass(frozen=True)
class Scoring:
    """Who scores, and what each prediction says of it.

    :param partition: The partition of the predictions that the rows become.
    :param scored_by: The DAG run, `DAG/RUN`.
    :param scored_at: When, with a time zone.
    :param max_left_out: Largest share of rows that may be left out, 0 to 1.
    :param private: Columns whose values stand in no message or report.
    :param watermark: Newest event time of the model's data, as `moment_text` writes it; empty without an event time.
    :param own_source: Whether what is scored is the source that models are trained on.
    :param share: The rows that this model answers; none: all.
    """

    oracle: "Oracle"
    reference: "Reference"
    model_version: int
    model_digest: str
    partition: str
    scored_by: str
    scored_at: datetime
    max_left_out: float = 0.0
    limits: SkewLimits = field(default_factory=SkewLimits)
    private: frozenset[str] = frozenset()
    watermark: str = ""
    own_source: bool = False
    share: "Share | None" = None
