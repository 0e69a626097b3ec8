"""Going up a stage by evidence, and down by a person's word: who, why and on what, on record."""

from collections.abc import Sequence
from datetime import datetime

from stageline.exceptions import SpecError, StageError
from stageline.ledger import Ledger, Record
from stageline.readiness.catalogue import TESTS
from stageline.readiness.evidence import ATTESTATION
from stageline.readiness.facts import Facts, content_digest
from stageline.readiness.judge import Readiness, judge_readiness
from stageline.readiness.reading import read_facts
from stageline.readiness.requirements import APPROVAL, REQUIREMENTS, approver_names
from stageline.readiness.signed import Signed, as_named
from stageline.readiness.stage_step import StageStep, newest_step, signed_entry, stage_on_record, take
from stageline.readiness.stages import StageJudgement
from stageline.spec import LoadedSpec, PipelineSpec, Stage

__all__ = ["NotEarnedError", "Signed", "attest", "demote", "disagreement", "graduate", "require_whole"]

_ORDER = list(Stage)
_ROLES = ("business", "model", "data", "operations")


class NotEarnedError(StageError):
    """A stage that the evidence does not give.

    :param judged: What is missing.
    """

    def __init__(self, message: str, judged: StageJudgement) -> None:
        super().__init__(message)
        self.judged = judged


def graduate(ledger: Ledger, loaded: LoadedSpec, to: Stage, signed: Signed, readiness: Readiness) -> Record:
    """Move a pipeline one stage up, on record and in its file; a step that was cut off between the two is finished.

    :param readiness: What was judged; where something was recorded since, it is judged again.
    :raises NotEarnedError: The evidence does not give the stage; nothing was written.
    :raises StageError: It is no step up, or more than one.
    :raises SpecError: The file cannot be changed, or is not the one that was judged.
    """
    now, name = loaded.spec.stage, loaded.spec.pipeline
    if _ORDER.index(to) != _ORDER.index(now) + 1:
        raise StageError(f"pipeline {name!r} is in stage {now.value!r}: {_next(now)}, not {to.value!r}")
    _require_owner(loaded.spec, signed)
    _require_earned(readiness, to)
    newest = ledger.newest(name)
    upto = newest.position if newest else 0
    if upto != max((fact.position for fact in readiness.facts.facts), default=0):
        readiness = _judge(ledger, loaded, readiness.now)
        _require_earned(readiness, to)

    def check(record: Record) -> None:
        # What came between the judgement and the record may speak against the step.
        if record.position > upto + 1:
            _require_earned(_judge(ledger, loaded, readiness.now), to)

    sentence = f"from {now.value} to {to.value} by {signed.by}: {signed.reason}"
    return take(ledger, StageStep(loaded, now, to, signed, sentence), readiness, check)


def demote(ledger: Ledger, loaded: LoadedSpec, to: Stage, signed: Signed, readiness: Readiness) -> Record:
    """Move a pipeline down, on record and in its file; nobody has to show anything for that.

    Where the file is in the lower stage already and the record is not, only the record is written.

    :raises StageError: It is no step down.
    :raises SpecError: The file cannot be changed, or is not the one that was judged.
    """
    on_record, now = stage_on_record(readiness.facts), loaded.spec.stage
    start = on_record if on_record is not None and to is now else now
    if _ORDER.index(to) >= _ORDER.index(start):
        raise StageError(f"pipeline {loaded.spec.pipeline!r} is in stage {now.value!r}; {to.value!r} is not below it")
    _require_owner(loaded.spec, signed)
    sentence = f"down from {start.value} to {to.value} by {signed.by}: {signed.reason}"
    return take(ledger, StageStep(loaded, start, to, signed, sentence), readiness)


def attest(ledger: Ledger, loaded: LoadedSpec, code: str, signed: Signed, now: datetime) -> Record:
    """Record a person's word for a test, or an approver's for a step up.

    :raises StageError: The ledger's chain does not hold.
    :raises SpecError: There is no such test, or the person is no approver.
    """
    title = {**{test.code: test.title for test in TESTS}, APPROVAL: _title(APPROVAL)}.get(code)
    if title is None:
        known = ", ".join([*(test.code for test in TESTS), APPROVAL])
        raise SpecError(f"{code!r} is nothing that a person can attest; these are: {known}")
    allowed = approver_names(loaded.spec)
    by = as_named(signed.by, allowed)
    if code == APPROVAL and by is None:
        named = ", ".join(sorted(allowed)) or "nobody"
        raise SpecError(f"{signed.by!r} is no approver: release.approvers names {named}; ask one of them")
    require_whole([f"#{fault.position}: {fault.message}" for fault in ledger.verify(loaded.spec.pipeline)])
    evidence = {
        "code": code, "by": by or signed.by, "note": signed.reason, "at": now.isoformat(),
        "content": content_digest(loaded.spec),
    }  # fmt: skip
    sentence = f"{title}: attested by {signed.by}: {signed.reason}"
    key = f"{code}/{now.isoformat()}"
    return ledger.append(signed_entry(loaded, ATTESTATION, sentence, evidence, actor=signed.actor, now=now, key=key))


def disagreement(facts: Facts) -> str:
    """Return where the file's stage is not the newest one on record; empty if it is, or if none is on record."""
    newest, on_record, now = newest_step(facts), stage_on_record(facts), facts.stage
    if newest is None or on_record is None or on_record is now:
        return ""
    name = facts.spec.pipeline
    told = f"the file says stage {now.value!r}, on record is {on_record.value!r} (#{newest.position})"
    if _ORDER.index(now) > _ORDER.index(on_record):
        return f"{told}: change the file back, and go up with stageline graduate {name} --to {now.value}"
    return (
        f"{told}: stageline graduate {name} --to {on_record.value} puts it into the file, "
        f"stageline demote {name} --to {now.value} takes it back"
    )


def require_whole(faults: Sequence[str]) -> None:
    """Refuse a ledger whose chain does not hold.

    :param faults: Where it does not, as sentences.
    :raises StageError: There is one.
    """
    if faults:
        raise StageError(f"the ledger's chain does not hold, so nothing in it is evidence: {faults[0]}")


def _judge(ledger: Ledger, loaded: LoadedSpec, now: datetime) -> Readiness:
    return judge_readiness(read_facts(ledger, loaded.spec.pipeline, loaded.spec), now)


def _require_earned(readiness: Readiness, to: Stage) -> None:
    require_whole(readiness.faults)
    judged = readiness.stage(to)
    if not judged.earned:
        raise NotEarnedError(judged.sentence, judged)


def _require_owner(spec: PipelineSpec, signed: Signed) -> None:
    owners = {role: owner for role in _ROLES if (owner := getattr(spec.owners, role))}
    if as_named(signed.by, owners.values()) is None:
        named = ", ".join(f"{owner} ({role})" for role, owner in owners.items()) or "nobody yet"
        raise SpecError(f"--by is {signed.by!r}, who is no owner of {spec.pipeline!r}; its file names {named}")


def _title(code: str) -> str:
    return next(each.title for each in REQUIREMENTS if each.code == code)


def _next(stage: Stage) -> str:
    later = _ORDER[_ORDER.index(stage) + 1 :]
    return f"the next one is {later[0].value!r}" if later else "there is none above it"
