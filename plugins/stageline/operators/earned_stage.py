"""Whether a release may go on in the stage that the spec declares: what the ledger's evidence says of it."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.spec import Stage
from stageline.verdicts import Check, Severity, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.readiness import Readiness

EARNED_STAGE = "SL-G007"


def stage_checks(run: "RunContext", generation: int | None = None) -> tuple[Check, ...]:
    """Return the check whether the declared stage is earned; none in the POC, which releases nothing.

    :param generation: Of the head that the candidate was judged against: where it has moved since, this run has
        promoted already, or promotes nothing.
    """
    from stageline.readiness import judge_readiness, read_facts

    if run.spec.stage is Stage.POC:
        return ()
    if generation is not None and run.ledger.head(run.name).generation != generation:
        return ()
    return (judge_earned(judge_readiness(read_facts(run.ledger, run.name, run.spec), datetime.now(UTC))),)


def held_back(checks: tuple[Check, ...]) -> dict[str, str]:
    """Return what a step's result depends on: why it is held back, so that it may go on once that has changed."""
    blocking = [check.message for check in checks if check.effect in (Verdict.FAILED, Verdict.ERRORED)]
    return {"stage": "; ".join(blocking)} if blocking else {}


def judge_earned(readiness: "Readiness") -> Check:
    """Judge whether releases may go on in the declared stage.

    Where nothing is enforced, the check only tells.
    """
    from stageline.readiness import Enforcement

    enforcement, judged = readiness.enforcement, readiness.stage()
    severity = {
        Enforcement.TELL: Severity.INFO, Enforcement.WARN: Severity.WARNING, Enforcement.BLOCK: Severity.CRITICAL,
    }[enforcement]  # fmt: skip
    told = {
        "stage": judged.stage.value,
        "score": None if readiness.faults else judged.score.value,
        "enforcement": enforcement.value,
    }
    verdict, message = Verdict.PASSED, judged.sentence
    if readiness.faults:
        # An error counts whatever its severity: where nothing is enforced, it may only be told.
        verdict = Verdict.ERRORED if enforcement is Enforcement.BLOCK else Verdict.FAILED
        message = f"the ledger's chain does not hold, so no stage is earned: {readiness.faults[0]}; verify it"
    elif judged.grace_until is not None:
        verdict, severity = Verdict.FAILED, min(severity, Severity.WARNING, key=_WEIGHT.__getitem__)
        until = f"{judged.grace_until:%Y-%m-%d %H:%M} UTC"
        message = f"{judged.sentence}; it counts as earned until {until} (readiness.grace)"
    elif not judged.earned:
        verdict = Verdict.FAILED
        rest = "" if enforcement is Enforcement.BLOCK else "; readiness.enforce: block would hold this release back"
        message = f"{judged.sentence}{rest}; see: stageline readiness {readiness.facts.spec.pipeline}"
    return Check(
        code=EARNED_STAGE, name="stage_earned", verdict=verdict, severity=severity, message=message,
        value=None if readiness.faults else judged.score.value, limit=judged.least, details=told,
    )  # fmt: skip


_WEIGHT = {Severity.INFO: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
