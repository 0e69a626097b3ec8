"""Asking for an update once, however many copies of a step are alive and wherever one of them dies."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from stageline.exceptions import TargetError
from stageline.serving.sagemaker.api import Api, Look, in_words
from stageline.serving.sagemaker.claims import LEASE, Claim, Right, own, right
from stageline.serving.sagemaker.described import Endpoint
from stageline.serving.sagemaker.failures import NotAcceptedError, NotThereError, SageMakerOutage
from stageline.serving.sagemaker.guardrails import deployment_config
from stageline.serving.sagemaker.names import claim_name, claim_number, record_of
from stageline.serving.sagemaker.position import require_newest
from stageline.serving.sagemaker.wanted import Wanted

if TYPE_CHECKING:
    from stageline.spec.sagemaker_target import Guardrails

_ASKED = "the update to {name} was asked for"
_OTHER = "another copy of this step, or one for an earlier record, asks for an update"


def update_once(api: Api, asked: Wanted, look: Look, endpoint: Endpoint, guardrails: "Guardrails") -> str:
    """Ask for an update, unless it was asked for already; return what is under way.

    Only who made a configuration asks for it, and SageMaker makes each name once. A claim that nobody used within
    its lease is taken over under the next name, and deleted first: whoever comes back to it finds nothing to ask for.
    That goes for the claims of earlier records, too; those of later ones are left alone, since this one is superseded.

    :param look: How the endpoint, which is at rest, was just now.
    :raises TargetError: It was asked for and undone, or SageMaker does not accept it.
    :raises SageMakerOutage: AWS cannot be reached, or does not know yet what was made.
    """
    claims = api.claims(asked.pipeline)
    to_this = own(claims, asked.name)
    unused = [
        claim
        for claim in claims
        if claim.name not in (endpoint.configuration, endpoint.pending)
        and 0 < record_of(asked.pipeline, claim.name) <= asked.position
    ]
    seen = in_words(endpoint.modified)
    may = right(to_this, unused, modified=seen, now=look.now)
    if may is Right.SPENT:
        raise TargetError(_undone(asked, endpoint, to_this))
    if may is Right.HELD:
        return f"{_OTHER}, or died; it is taken over {LEASE.total_seconds():.0f} s after {unused[-1].name} was made"
    number = claim_number(asked.name, to_this[-1].name) + 1 if to_this else 1
    name = claim_name(asked.name, number)
    if not api.make_configuration(name, asked, seen=seen):
        return _OTHER
    deleted = {claim: api.forget_configuration(claim.name) for claim in unused}
    found = api.look().endpoint
    if found is None or found.status != "InService" or found.pending or in_words(found.modified) != seen:
        _restore(api, found, deleted)
        api.forget_configuration(name)
        return "the endpoint was changed meanwhile"
    try:
        require_newest(api, endpoint.arn, asked)
    except TargetError:
        api.forget_configuration(name)
        raise
    before = look.configuration.variants if look.configuration else ()
    try:
        api.update(name, deployment_config(guardrails, before, asked.variants))
    except NotThereError as error:
        raise SageMakerOutage(f"{error}: it is not visible yet, or was taken over; the step tries again") from error
    except NotAcceptedError:
        if busy := _given_up(api, asked, name):
            return busy
        raise
    return _ASKED.format(name=name)


def _undone(asked: Wanted, endpoint: Endpoint, claims: Collection[Claim]) -> str:
    names = ", ".join(claim.name for claim in claims)
    reason = f"SageMaker says: {endpoint.reason}" if endpoint.reason else "SageMaker gives no reason"
    return (
        f"endpoint {endpoint.name!r} is {endpoint.status}, but with {endpoint.configuration or 'no configuration'}, "
        f"not with {asked.name}, which was asked for: the update was rolled back, or another hand changed the endpoint "
        f"since ({reason}). It is not asked for a second time; look at the alarms and the container's logs, and "
        f"release again, or delete the endpoint configuration {names} and run the step again"
    )


def _restore(api: Api, endpoint: Endpoint | None, deleted: Mapping[Claim, Mapping[str, Any]]) -> None:
    """Make a claim anew whose holder asked for it in the moment in which it was deleted: an endpoint needs it."""
    for claim, made_of in deleted.items():
        if made_of and endpoint is not None and claim.name in (endpoint.configuration, endpoint.pending):
            api.restore_configuration(claim.name, made_of, seen=claim.seen)


def _given_up(api: Api, asked: Wanted, name: str) -> str:
    """Give up a claim that was not accepted; return what keeps the endpoint from being updated, empty if nothing.

    Else an endpoint that AWS maintained just then would look like one that went back.
    """
    found = api.look().endpoint
    if found is None or name not in (found.configuration, found.pending):
        api.forget_configuration(name)
    if found is None or (found.status == "InService" and not found.pending):
        return ""
    return f"the endpoint is {found.status}; the update to {asked.name} is asked for afterwards"
