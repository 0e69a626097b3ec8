"""A step from one stage to another: first on record, then in the file, so that one that was cut off can be finished."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from stageline import __version__
from stageline.exceptions import LedgerError, SpecError, StageError
from stageline.ledger import Entry, Ledger, Record
from stageline.readiness.evidence import GRADUATION
from stageline.readiness.facts import Fact, Facts
from stageline.readiness.judge import Readiness
from stageline.readiness.report import evidence_of
from stageline.readiness.signed import Signed
from stageline.readiness.stage_line import read_file, replacing, with_stage
from stageline.spec import LoadedSpec, Stage, load_spec
from stageline.verdicts import Mode, Verdict


@dataclass(frozen=True)
class StageStep:
    """A step of a pipeline.

    :param loaded: Its file, as it was judged.
    :param start: The stage that is left.
    :param sentence: For the record.
    """

    loaded: LoadedSpec
    start: Stage
    to: Stage
    signed: Signed
    sentence: str

    def entry(self, readiness: Readiness, before: bytes, after: bytes) -> Entry:
        """Return its entry: the same step of the same file, after the same step before it, is the same record.

        :param before: The file.
        :param after: The file with the other stage.
        """
        earlier = newest_step(readiness.facts)
        marks = {**self._ends, "file_before": digest(before), "file_after": digest(after)}
        key = digest("/".join((*marks.values(), str(earlier.position if earlier else 0))).encode())
        evidence = {
            **marks, "by": self.signed.by, "reason": self.signed.reason, "spec": self.loaded.digest,
            "readiness": evidence_of(readiness, readiness.stage(self.to)),
        }  # fmt: skip
        return self._entry(self.sentence, evidence, readiness.now, key)

    def taken_back(self, record: Record, error: StageError, now: datetime) -> Entry:
        """Return the entry that takes its record back."""
        evidence = {
            "from": self.to.value, "to": self.start.value, "by": self.signed.by, "reason": str(error),
            "takes_back": record.position,
        }  # fmt: skip
        sentence = f"#{record.position} is taken back, the stage stays {self.start.value}: {error}"
        return self._entry(sentence, evidence, now, f"back/{record.digest}")

    def begun(self, facts: Facts, before: bytes) -> int | None:
        """Return the position of its record, if that was written and the file never was; none: it was not."""
        newest = newest_step(facts)
        wanted = {**self._ends, "file_before": digest(before)}
        found = newest is not None and {each: newest.evidence.get(each) for each in wanted} == wanted
        return newest.position if newest is not None and found else None

    @property
    def _ends(self) -> dict[str, str]:
        return {"from": self.start.value, "to": self.to.value}

    def _entry(self, sentence: str, evidence: Mapping[str, Any], now: datetime, key: str) -> Entry:
        actor = self.signed.actor
        made = signed_entry(self.loaded, GRADUATION, sentence, evidence, actor=actor, now=now, key=key)
        return made.model_copy(update={"stage": evidence["to"]})


def take(
    ledger: Ledger,
    step: StageStep,
    readiness: Readiness,
    check: Callable[[Record], None] = lambda _: None,
) -> Record:
    """Take a step; one whose record is there, and whose file is not changed, is finished.

    :param check: Asked once the step is on record, before the file changes; where it refuses, the record is taken back.
    :raises SpecError: The file cannot be changed, or is not the one that was judged.
    :raises StageError: What `check` raises.
    """
    path = step.loaded.path
    before = read_file(path)
    if load_spec(path).digest != step.loaded.digest:
        raise SpecError(f"{str(path)!r} was changed since it was judged; nothing was written: try again")
    after = with_stage(before, step.to, file=path.name)
    with replacing(path, after, before=before) as put:
        begun = step.begun(readiness.facts, before)
        if begun is None:
            record = _recorded(ledger, step.entry(readiness, before, after))
            try:
                check(record)
            except StageError as error:
                ledger.append(step.taken_back(record, error, readiness.now))
                raise
        else:
            (record,) = ledger.records(step.loaded.spec.pipeline, positions=[begun])
        try:
            put()
        except SpecError as error:
            raise SpecError(
                f"{error}; the step is on record as #{record.position} already: run the command again, or take it "
                f"back with stageline demote {record.pipeline} --to {step.loaded.spec.stage.value}"
            ) from error
    return record


def newest_step(facts: Facts) -> Fact | None:
    """Return the newest step on record, or none."""
    return next(facts.of_kind(GRADUATION), None)


def stage_on_record(facts: Facts) -> Stage | None:
    """Return the stage that the newest step on record led to, or none."""
    newest = newest_step(facts)
    return next((stage for stage in Stage if newest is not None and newest.evidence.get("to") == stage.value), None)


def signed_entry(
    loaded: LoadedSpec, kind: str, sentence: str, evidence: Mapping[str, Any], *, actor: str, now: datetime, key: str
) -> Entry:
    """Return the entry of something that a person did by hand."""
    name = loaded.spec.pipeline
    return Entry(
        pipeline=name, kind=kind, step=kind, verdict=Verdict.PASSED, sentence=sentence, evidence=evidence,
        stage=loaded.spec.stage.value, mode=Mode.ENABLED, dag_id="", run_id=f"{kind}__{now.isoformat()}", task_id="",
        actor=actor[:250], idempotency_key=f"{kind}/{name}/{key}", spec_digest=loaded.digest,
        package_version=__version__,
    )  # fmt: skip


def digest(text: bytes) -> str:
    """Return the `sha256:…` of a file."""
    return f"sha256:{sha256(text).hexdigest()}"


def _recorded(ledger: Ledger, entry: Entry) -> Record:
    try:
        return ledger.append(entry)
    except LedgerError:
        # It may be there although the answer was lost.
        found = None
        with suppress(LedgerError):
            found = ledger.find(entry.idempotency_key)
        if found is None:
            raise
        return found
