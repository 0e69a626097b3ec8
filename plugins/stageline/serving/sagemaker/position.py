"""The newest record that an endpoint was changed for: an older one changes it no more."""

from typing import TYPE_CHECKING

from stageline.exceptions import TargetError

if TYPE_CHECKING:
    from stageline.serving.sagemaker.api import Api
    from stageline.serving.sagemaker.wanted import Wanted

POSITION = "stageline:position"


def require_newest(api: "Api", arn: str, asked: "Wanted") -> bool:
    """Mark the endpoint with the record that something is asked for; return whether the mark is new.

    :raises TargetError: A newer one marked it already.
    """
    found = api.tags(arn).get(POSITION, "")
    newest = int(found) if found.isdecimal() else 0
    if newest > asked.position:
        raise TargetError(
            f"endpoint {asked.endpoint!r} was asked to serve record #{newest}: this step stands for #{asked.position} "
            f"and is superseded; nothing was changed. Should the ledger be a new one, remove the endpoint's tag "
            f"{POSITION!r}"
        )
    if newest == asked.position:
        return False
    api.tag(arn, {POSITION: str(asked.position)})
    return True
