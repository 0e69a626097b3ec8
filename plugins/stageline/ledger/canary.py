"""The candidate that is tried beside the champion, and the share of the traffic that it gets."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from stageline.ledger.model_version import ModelVersion

CANARY, CANARY_END = "canary", "canary_end"
CANARY_MOVES = (CANARY, CANARY_END)
CANARY_CHANGE = "canary_change"


class Canary(BaseModel):
    """A model that is tried out.

    :param percent: Share of the traffic that it answers, 0 to 100; at 0 it is a shadow: asked, and never answered with.
    :param sequence: Record that began its rollout, whose name this is; 0: that record is about to be written.
    :param until: When it leaves the traffic by itself, should nobody look after it any more; none: never.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelVersion
    percent: Annotated[int, Field(ge=0, le=100)]
    sequence: Annotated[int, Field(ge=0)] = 0
    until: AwareDatetime | None = None


class CanaryChange(BaseModel):
    """One change of a canary, as its record holds it.

    :param generation: The head's, which stays as it is.
    :param after: Of one that begins, the sequence is 0: it is the record's own position.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    generation: Annotated[int, Field(ge=0)]
    before: Canary | None
    after: Canary | None
