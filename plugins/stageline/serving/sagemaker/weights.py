"""Asking for other weights once: what was asked for and undone is not asked for again."""

from typing import TYPE_CHECKING

from stageline.exceptions import TargetError
from stageline.serving.sagemaker.api import Api, in_words
from stageline.serving.sagemaker.compare import Action
from stageline.serving.sagemaker.described import Endpoint
from stageline.serving.sagemaker.failures import NotAcceptedError

if TYPE_CHECKING:
    from stageline.serving.sagemaker.wanted import Wanted

SHIFTED = "stageline:shifted"


def undone(api: Api, asked: "Wanted", endpoint: Endpoint, action: Action) -> bool:
    """Return whether these weights were asked for already, for this record, and the endpoint was modified since."""
    found = api.tags(endpoint.arn).get(SHIFTED, "")
    return found.startswith(_mark(asked, action)) and found != _mark(asked, action) + in_words(endpoint.modified)


def shift_once(api: Api, asked: "Wanted", endpoint: Endpoint, action: Action) -> str:
    """Ask for other weights, unless that was done and undone; return what is under way.

    To ask twice for the same weights in the same state changes nothing: SageMaker refuses the second while it works on
    the first.

    :param endpoint: At rest, with other weights.
    :raises TargetError: They were asked for and undone, or SageMaker does not accept them.
    """
    if undone(api, asked, endpoint, action):
        now = ", ".join(f"{each.name} {each.desired}" for each in endpoint.running)
        reason = f"SageMaker says: {endpoint.reason}" if endpoint.reason else "SageMaker gives no reason"
        wanted = ", ".join(f"{name} {weight}" for name, weight in action.weights)
        raise TargetError(
            f"endpoint {endpoint.name!r} is to have the weights {wanted}, which were asked for, but has {now}: the "
            f"change went back, or another hand changed them since ({reason}). It is not asked for a second time; "
            f"release again, or remove the endpoint's tag {SHIFTED!r} and run the step again"
        )
    api.tag(endpoint.arn, {SHIFTED: _mark(asked, action) + in_words(endpoint.modified)})
    try:
        api.shift(dict(action.weights))
    except NotAcceptedError:
        found = api.look().endpoint
        if found is None or found.status == "InService":
            raise
        if found.status != "Updating":
            # Not by us: what it is busy with will modify it, and must not look as if the weights went back.
            api.tag(endpoint.arn, {SHIFTED: ""})
        return f"the endpoint is {found.status}; the weights are asked for afterwards"
    return action.words


def _mark(asked: "Wanted", action: Action) -> str:
    return f"{asked.position} {action.do} "
