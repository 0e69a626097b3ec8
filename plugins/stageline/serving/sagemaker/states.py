"""The table of an endpoint's states: what each means for who asked for a configuration."""

from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """What a state means."""

    SERVED = "served"  # if the variants are what was asked for, too
    PENDING = "pending"
    ASK = "ask"  # for what is wanted; where that was done already, it was undone: a TargetError
    REFUSED = "TargetError"


@dataclass(frozen=True)
class State:
    """One row.

    :param words: What is said of it; `{endpoint}`, `{used}`, `{pending}`, `{wanted}` and `{reason}` are filled in.
    """

    standing: Standing
    words: str = ""


ABSENT = "absent"
_SERVED, _ASK = State(Standing.SERVED), State(Standing.ASK)
_CREATING = State(Standing.PENDING, "it is being created with {used}")
_UPDATING = State(Standing.PENDING, "it is being updated from {used} to {pending}; asked for is {wanted}")
_RESCALING = State(Standing.PENDING, "its weights or instances are being changed, on {used}; asked for is {wanted}")
_MAINTAINED = State(Standing.PENDING, "AWS maintains it, and nothing can be changed until that has ended")
_GOING_BACK = State(Standing.PENDING, "it is going back to what it was; it uses {used}, asked for is {wanted}{reason}")
_BUSY = State(Standing.PENDING, "it is in service on {used}, but a deployment of {pending} is under way")
_OUT = State(
    Standing.REFUSED,
    "is out of service and answers nobody{reason}; look at its logs and its quota, mend it or delete it, and run the "
    "step again",
)
_DELETING = State(
    Standing.REFUSED, "is being deleted by another hand; once it is gone, run the step again to create it"
)
_FAILED = State(
    Standing.REFUSED,
    "has failed{reason}; it uses {used}, asked for was {wanted}. SageMaker can only delete a failed endpoint: delete "
    "it, mend the cause and run the step again",
)
_MIXED = State(
    Standing.REFUSED,
    "could neither be updated nor go back: it answers with a mix of {used} and what it was updated to{reason}. Nothing "
    "more is changed here; restore it to InService by hand as SageMaker's manual says, then run the step again",
)

_EVERY = [(used, pending) for used in (True, False) for pending in (True, False)]

# By status, whether the configuration in use is the one asked for, and whether a deployment is under way.
TABLE: dict[tuple[str, bool, bool], State] = {
    (ABSENT, False, False): _ASK,
    ("InService", True, False): _SERVED,
    ("InService", False, False): _ASK,
    ("InService", True, True): _BUSY,
    ("InService", False, True): _BUSY,
    **{("Updating", used, pending): _UPDATING if pending else _RESCALING for used, pending in _EVERY},
    **{
        (status, used, pending): state
        for status, state in (
            ("Creating", _CREATING),
            ("SystemUpdating", _MAINTAINED),
            ("RollingBack", _GOING_BACK),
            ("OutOfService", _OUT),
            ("Deleting", _DELETING),
            ("Failed", _FAILED),
            ("UpdateRollbackFailed", _MIXED),
        )
        for used, pending in _EVERY
    },
}


def state_of(status: str, *, used: bool, pending: bool) -> State:
    """Return the row for what was found; what the table does not know is never taken as good.

    :param used: The configuration in use is the one asked for.
    :param pending: A deployment is under way.
    """
    unknown = State(
        Standing.REFUSED,
        f"is in a state that this version does not know ({status!r}); nothing is changed: look at it by hand",
    )
    return TABLE.get((status, used, pending), unknown)
