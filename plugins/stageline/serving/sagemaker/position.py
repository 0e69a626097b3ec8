"""Whose an endpoint is, and the newest record that it was changed for: an older one changes it no more."""

from typing import TYPE_CHECKING

from stageline.exceptions import TargetError

if TYPE_CHECKING:
    from stageline.serving.sagemaker.api import Api
    from stageline.serving.sagemaker.wanted import Wanted

_PIPELINE, _POSITION = "stageline:pipeline", "stageline:position"


def marks(asked: "Wanted") -> dict[str, str]:
    """Return the tags of an endpoint that something is asked of."""
    return {_PIPELINE: asked.pipeline, _POSITION: str(asked.position)}


def require_newest(api: "Api", arn: str, asked: "Wanted") -> bool:
    """Mark the endpoint with the record that something is asked for; return whether the mark is new.

    :raises TargetError: It is not this pipeline's, or a newer record marked it already.
    """
    tags = api.tags(arn)
    if (owner := tags.get(_PIPELINE, "")) != asked.pipeline:
        whose = f"belongs to {owner!r}" if owner else "was not made by Stageline"
        raise TargetError(
            f"endpoint {asked.endpoint!r} {whose}: {asked.pipeline!r} does not change it; name another endpoint, or "
            f"hand it over with the tag {_PIPELINE!r} = {asked.pipeline!r}"
        )
    found = tags.get(_POSITION, "")
    newest = int(found) if found.isdecimal() else 0
    if newest > asked.position:
        raise TargetError(
            f"endpoint {asked.endpoint!r} was asked to serve record #{newest}: this step stands for #{asked.position} "
            f"and is superseded; nothing was changed. Should the ledger be a new one, remove the endpoint's tag "
            f"{_POSITION!r}"
        )
    if newest == asked.position:
        return False
    api.tag(arn, marks(asked))
    return True
