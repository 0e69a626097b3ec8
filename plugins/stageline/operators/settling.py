"""After a promotion: the target serves the new champion, or the head goes back to what it does serve."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from stageline.exceptions import HeadError, Outage, StagelineError, TargetError
from stageline.verdicts import Check, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext

SERVED = "SL-P007"
# How often a target that has not come to rest is asked again.
ASK_AGAIN = timedelta(seconds=10)
_PATIENCE = timedelta(minutes=10)


def settled(run: "RunContext", promotion: "Record", wait: Callable[[datetime], NoReturn]) -> Check:
    """Return whether the target serves what a promotion made the champion (SL-P007); waits until it has come to rest.

    A target that refuses, or does not come to rest in time, gets the champion before back.

    :param promotion: Its record; where the head has moved since, whoever moved it sees to the target.
    :param wait: Gives the worker back until a moment, and never returns.
    """
    from stageline.operators.targets import target_of

    head = run.ledger.head(run.name)
    if head.position != promotion.position or head.champion is None:
        return _check(Verdict.PASSED, f"the head moved on since record #{promotion.position}")
    try:
        served = target_of(run).converge(head)
        pending = served.pending or served.fault(head)
    except TargetError as error:
        return _check(Verdict.FAILED, f"the target refuses: {error}; {_back(run, promotion, str(error))}")
    except StagelineError as error:
        pending = str(error)
    except Exception as error:  # noqa: BLE001 - a task that failed here would leave the target as it is
        pending = f"it fails with {type(error).__name__}"
    if not pending:
        return _check(Verdict.PASSED, f"the target serves version {head.champion.version}")
    now = datetime.now(UTC)
    give_up = promotion.recorded_at + _patience(run)
    if now < give_up:
        wait(min(now + ASK_AGAIN, give_up))
    return _check(Verdict.FAILED, f"the target did not come to rest: {pending}; {_back(run, promotion, pending)}")


def _patience(run: "RunContext") -> timedelta:
    endpoint = run.spec.release.sagemaker if run.spec.release else None
    return endpoint.patience if endpoint else _PATIENCE


def _back(run: "RunContext", promotion: "Record", reason: str) -> str:
    """Make the champion before the champion again, and tell what was done."""
    from stageline.ledger.head import ROLLBACK
    from stageline.operators.release_evidence import entry_of
    from stageline.operators.targets import target_of

    head = run.ledger.head(run.name)
    entry = entry_of(
        run, kind=ROLLBACK, step=promotion.step, verdict=Verdict.PASSED, sentence=f"the target refuses: {reason}",
        evidence={"reason": reason}, key=("settling", promotion.position),
    )  # fmt: skip
    try:
        record = run.ledger.roll_back(entry, expected=head.generation)
    except HeadError as error:
        return f"nothing was rolled back: {error}"
    version = record.evidence["head_change"]["after"]["version"]
    try:
        pending = target_of(run).converge(run.ledger.head(run.name)).pending
    except (Outage, TargetError) as error:
        pending = str(error)
    return f"version {version} is the champion again" + (
        f", the target does not follow yet: {pending}" if pending else ""
    )


def _check(verdict: Verdict, message: str) -> Check:
    return Check(code=SERVED, name="target_serves", verdict=verdict, message=message)
