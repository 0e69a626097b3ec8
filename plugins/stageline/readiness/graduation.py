"""Going up a stage by evidence, and down by a person's word: who, why and on what, on record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stageline import __version__
from stageline.exceptions import SpecError, StageError
from stageline.ledger import Entry, Ledger, Record
from stageline.readiness.catalogue import TESTS
from stageline.readiness.evidence import ATTESTATION, GRADUATION
from stageline.readiness.judge import Readiness
from stageline.readiness.report import evidence_of
from stageline.readiness.requirements import APPROVAL, REQUIREMENTS, approver_names
from stageline.readiness.stage_line import replace_file, with_stage
from stageline.readiness.stages import StageJudgement
from stageline.spec import LoadedSpec, Stage, load_spec, missing_for
from stageline.verdicts import Mode, Verdict

_ORDER = list(Stage)
_LEAST_NOTE = 3


class NotEarnedError(StageError):
    """A stage that the evidence does not give.

    :param judged: What is missing.
    """

    def __init__(self, message: str, judged: StageJudgement) -> None:
        super().__init__(message)
        self.judged = judged


@dataclass(frozen=True)
class Signed:
    """Who wants a step, and why.

    :param actor: Who runs the command, as the machine knows them.
    """

    by: str
    reason: str
    actor: str

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise SpecError(f"--by is {self.by!r}; it is signed: say who answers for it")
        if len(self.reason.strip()) < _LEAST_NOTE:
            raise SpecError(f"the reason is {self.reason!r}; say in words why, or what was found")


def graduate(ledger: Ledger, loaded: LoadedSpec, to: Stage, signed: Signed, readiness: Readiness) -> Record:
    """Move a pipeline one stage up, in its file and on record.

    :raises NotEarnedError: The evidence does not give the stage; nothing was written.
    :raises StageError: It is no step up, or more than one.
    :raises SpecError: The file lacks what the stage needs, or cannot be changed.
    """
    now = loaded.spec.stage
    if _ORDER.index(to) != _ORDER.index(now) + 1:
        raise StageError(f"pipeline {loaded.spec.pipeline!r} is in stage {now.value!r}: {_next(now)}, not {to.value!r}")
    if readiness.faults:
        raise StageError(f"the ledger's chain does not hold, so nothing in it is evidence: {readiness.faults[0]}")
    judged = readiness.stage(to)
    if not judged.earned:
        raise NotEarnedError(judged.sentence, judged)
    if missing := missing_for(loaded.spec, to):
        raise SpecError(f"stage {to.value!r} needs {', '.join(missing)} in {loaded.path.name!r}; add them first")
    sentence = f"from {now.value} to {to.value} by {signed.by}: {signed.reason}"
    return _move(ledger, loaded, to, sentence, signed=signed, readiness=readiness)


def demote(ledger: Ledger, loaded: LoadedSpec, to: Stage, signed: Signed, readiness: Readiness) -> Record:
    """Move a pipeline down, in its file and on record; nobody has to show anything for that.

    :raises StageError: It is no step down.
    """
    now = loaded.spec.stage
    if _ORDER.index(to) >= _ORDER.index(now):
        raise StageError(f"pipeline {loaded.spec.pipeline!r} is in stage {now.value!r}; {to.value!r} is not below it")
    sentence = f"down from {now.value} to {to.value} by {signed.by}: {signed.reason}"
    return _move(ledger, loaded, to, sentence, signed=signed, readiness=readiness)


def attest(ledger: Ledger, loaded: LoadedSpec, code: str, signed: Signed, now: datetime) -> Record:
    """Record a person's word for a test, or an approver's for a step up.

    :raises SpecError: There is no such test, nobody or nothing is named, or the person is no approver.
    """
    title = {**{test.code: test.title for test in TESTS}, APPROVAL: _title(APPROVAL)}.get(code)
    if title is None:
        known = ", ".join([*(test.code for test in TESTS), APPROVAL])
        raise SpecError(f"{code!r} is nothing that a person can attest; these are: {known}")
    allowed = approver_names(loaded.spec)
    if code == APPROVAL and signed.by not in allowed:
        named = ", ".join(sorted(allowed)) or "nobody"
        raise SpecError(f"{signed.by!r} is no approver: release.approvers names {named}; ask one of them")
    evidence = {"code": code, "by": signed.by, "note": signed.reason, "at": now.isoformat()}
    sentence = f"{title}: attested by {signed.by}: {signed.reason}"
    return ledger.append(_entry(loaded, ATTESTATION, sentence, evidence, actor=signed.actor, now=now))


def _move(
    ledger: Ledger, loaded: LoadedSpec, to: Stage, sentence: str, *, signed: Signed, readiness: Readiness
) -> Record:
    before = loaded.path.read_bytes()
    after = with_stage(before, to, file=loaded.path.name)
    evidence: dict[str, Any] = {
        "from": loaded.spec.stage.value, "to": to.value, "by": signed.by, "reason": signed.reason,
        "spec_before": loaded.digest, "readiness": evidence_of(readiness, readiness.stage(to)),
    }  # fmt: skip
    replace_file(loaded.path, after, before=before)
    try:
        moved = load_spec(loaded.path)
        evidence["spec_after"] = moved.digest
        return ledger.append(_entry(moved, GRADUATION, sentence, evidence, actor=signed.actor, now=readiness.now))
    except BaseException:
        # Without its record, a step did not happen.
        replace_file(loaded.path, before, before=after)
        raise


def _entry(
    loaded: LoadedSpec, kind: str, sentence: str, evidence: Mapping[str, Any], *, actor: str, now: datetime
) -> Entry:
    name, moment = loaded.spec.pipeline, now.isoformat()
    return Entry(
        pipeline=name, kind=kind, step=kind, verdict=Verdict.PASSED, sentence=sentence, evidence=evidence,
        stage=loaded.spec.stage.value, mode=Mode.ENABLED, dag_id="", run_id=f"{kind}__{moment}", task_id="",
        actor=actor[:250], idempotency_key=f"{kind}/{name}/{evidence.get('code', '')}/{moment}",
        spec_digest=loaded.digest, package_version=__version__,
    )  # fmt: skip


def _title(code: str) -> str:
    return next(each.title for each in REQUIREMENTS if each.code == code)


def _next(stage: Stage) -> str:
    later = _ORDER[_ORDER.index(stage) + 1 :]
    return f"the next one is {later[0].value!r}" if later else "there is none above it"
