"""What an endpoint answers with, in the target's own terms."""

from typing import TYPE_CHECKING

from stageline.exceptions import TargetError
from stageline.serving.sagemaker.names import CHAMPION
from stageline.serving.target import Served

if TYPE_CHECKING:
    from stageline.serving.sagemaker.api import Look

# What answers requests, all with one configuration.
_ANSWERING = ("InService", "Updating", "SystemUpdating", "RollingBack")
_SILENT = ("Creating", "OutOfService", "Deleting", "Failed")


def served_by(look: "Look", pending: str = "") -> Served:
    """Return what an endpoint answers with.

    During an update that is the configuration before it, of which more and more is replaced.

    :param pending: What is under way, in words.
    :raises TargetError: Nobody can say: it serves a mix, or is in an unknown state.
    """
    endpoint = look.endpoint
    if endpoint is None or endpoint.status in _SILENT:
        return Served(champion="", pending=pending)
    if endpoint.status not in _ANSWERING:
        raise TargetError(
            f"endpoint {endpoint.name!r} is {endpoint.status}: nobody can say what it answers with; it uses "
            f"{endpoint.configuration or 'no configuration'}; look at it by hand"
        )
    variants = {variant.name: variant for variant in look.configuration.variants} if look.configuration else {}
    champion = variants.pop(CHAMPION, None)
    weights = {each.name: each.weight or 0.0 for each in endpoint.running if not each.shadow}
    whole = sum(weights.values())
    canary = next(iter(variants.values()), None)
    share = weights.get(canary.name, 0.0) / whole if canary and whole else 0.0
    return Served(
        champion=champion.digest if champion else "",
        canary=canary.digest if canary else "",
        percent=round(100 * share),
        pending=pending,
    )
