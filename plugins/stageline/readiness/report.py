"""Readiness as a report: a check for each test, for each requirement, and for what the stage comes to."""

from collections.abc import Iterator

from stageline.readiness.judge import Readiness
from stageline.readiness.rule import Result, State, how_to_earn
from stageline.readiness.stages import Enforcement, StageJudgement
from stageline.spec import PipelineSpec
from stageline.verdicts import Check, Report, Severity, Verdict

STEP = "readiness"
STAGE, LEDGER = "SL-L010", "SL-L011"
_SEVERITY = {
    Enforcement.TELL: Severity.WARNING,
    Enforcement.WARN: Severity.WARNING,
    Enforcement.BLOCK: Severity.CRITICAL,
}
_VERDICTS = {
    State.EARNED: Verdict.PASSED,
    State.HALF: Verdict.WARNED,
    State.FAILED: Verdict.FAILED,
    State.EXPIRED: Verdict.FAILED,
    State.MISSING: Verdict.INCONCLUSIVE,
}


def readiness_report(readiness: Readiness) -> Report:
    """Return the report: it fails where the declared stage is not earned and that blocks, and warns where it warns."""
    judged = readiness.stage()
    if readiness.faults:
        checks: tuple[Check, ...] = (ledger_check(readiness),)
        return Report(step=STEP, checks=checks, evidence=evidence_of(readiness, judged))
    tests = (_test_check(each, readiness.facts.spec) for each in readiness.results)
    checks = (stage_check(readiness, judged), *_requirements(judged), *tests)
    return Report(step=STEP, checks=checks, evidence=evidence_of(readiness, judged), sentence=checks[0].message)


def stage_check(readiness: Readiness, judged: StageJudgement) -> Check:
    """Return the check whether the declared stage is earned (SL-L010)."""
    severity = _SEVERITY[readiness.enforcement]
    verdict, message = (Verdict.PASSED, judged.sentence) if judged.earned else (Verdict.FAILED, judged.sentence)
    if judged.grace_until is not None:
        verdict = Verdict.WARNED
        message = (
            f"{message}; evidence expired, and the stage counts as earned until {judged.grace_until:%Y-%m-%d %H:%M} UTC"
        )
    return Check(
        code=STAGE, name="stage_earned", verdict=verdict, severity=severity, message=message,
        value=judged.score.value, limit=judged.least, n=len(readiness.results),
    )  # fmt: skip


def ledger_check(readiness: Readiness) -> Check:
    """Return the check that the ledger's chain does not hold (SL-L011)."""
    faults = readiness.faults
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Check(
        code=LEDGER, name="ledger_verified", verdict=Verdict.ERRORED, n=len(faults),
        message=f"the ledger's chain does not hold, so nothing in it is evidence: {faults[0]}{more}; verify it and "
        "restore the ledger from a backup",
    )  # fmt: skip


def evidence_of(readiness: Readiness, judged: StageJudgement) -> dict[str, object]:
    """Return what the record keeps: the score, each test's points, and what each rests on."""
    return {
        "stage": judged.stage.value,
        "earned": judged.earned,
        "grace_until": judged.grace_until.isoformat() if judged.grace_until else None,
        "least": judged.least,
        # Of a chain that does not hold nothing is evidence, and there is no score.
        "score": None if readiness.faults else readiness.score.value,
        "band": None if readiness.faults else readiness.score.band,
        "sections": {}
        if readiness.faults
        else {section.value: points for section, points in readiness.score.sections.items()},
        "enforcement": readiness.enforcement.value,
        "as_of": readiness.now.isoformat(),
        "upto": max((fact.position for fact in readiness.facts.facts), default=0),
        "tests": {
            each.test.code: {
                "points": each.points, "state": each.state.value, "records": [found.position for found in each.evidence]
            }
            for each in readiness.results
        },
        "requirements": {each.requirement.code: each.met for each in judged.requirements},
        "faults": list(readiness.faults),
    }  # fmt: skip


def _requirements(judged: StageJudgement) -> Iterator[Check]:
    for each in judged.requirements:
        yield Check(
            code=each.requirement.code, name=each.requirement.title, severity=Severity.INFO,
            verdict=Verdict.PASSED if each.met else Verdict.FAILED, message=each.message,
        )  # fmt: skip


def _test_check(result: Result, spec: PipelineSpec) -> Check:
    earn = "" if result.state is State.EARNED else f"; earn it: {how_to_earn(result.test, spec)}"
    return Check(
        code=result.test.code, name=result.test.name, severity=Severity.INFO, verdict=_VERDICTS[result.state],
        message=f"{result.message}{earn}", value=result.points, limit=1.0,
        details={"records": [each.position for each in result.evidence]},
    )  # fmt: skip
