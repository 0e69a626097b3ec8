"""What is known of a pipeline: records of its ledger as plain values, the newest first, and its spec."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stageline.readiness.evidence import ATTESTATION, EARNED
from stageline.spec import PipelineSpec, Stage
from stageline.verdicts import Check, Mode, Verdict

# What a model comes from.
_SUBJECT = {"source", "target", "features", "train"}


def content_digest(spec: PipelineSpec) -> str:
    """Return the digest of what a file says beside its stage: graduating does not change it."""
    # What the file leaves out is left out: a default of a later version is no change of the file.
    return _digest(spec.model_dump(mode="json", exclude={"stage"}, exclude_unset=True))


def subject_digest(spec: PipelineSpec) -> str:
    """Return the digest of what a model comes from: source, target, features and training."""
    return _digest(spec.model_dump(mode="json", include=_SUBJECT, exclude_unset=True))


def _digest(told: Mapping[str, Any]) -> str:
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(frozen=True)
class Fact:
    """One record of the ledger.

    :param evidence: As recorded; of a step, its report.
    :param metered: What the work took; none: nothing was metered.
    :param run: `DAG/RUN` that wrote it; a bare `/` for one written by hand.
    """

    position: int
    digest: str
    at: datetime
    kind: str
    step: str
    verdict: Verdict
    sentence: str = ""
    mode: Mode = Mode.ENABLED
    stage: str = ""
    run: str = "/"
    actor: str = ""
    metered: Mapping[str, float | int] | None = None
    checks: tuple[Check, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> Mapping[str, Any]:
        """What a step put in evidence; empty for one that errored."""
        found: Mapping[str, Any] = self.evidence.get("evidence") or {}
        return found if isinstance(found, Mapping) else {}

    @property
    def window_end(self) -> datetime:
        """The end of the window that a step looked at; of another step, when it was recorded."""
        end = (self.body.get("window") or {}).get("end")
        return _in_utc(datetime.fromisoformat(end)) if end else self.at

    def with_code(self, *codes: str) -> tuple[Check, ...]:
        """Return its checks with one of these codes."""
        return tuple(check for check in self.checks if check.code in codes)


@dataclass(frozen=True)
class Facts:
    """All that readiness is judged by.

    :param facts: The newest first.
    :param faults: Where the ledger's chain does not hold, as sentences: then nothing of it is believed.
    """

    spec: PipelineSpec
    facts: tuple[Fact, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def stage(self) -> Stage:
        """The stage that the spec declares."""
        return self.spec.stage

    def of(self, step: str) -> Iterator[Fact]:
        """Yield what a step left that concluded: one that was refused its input says nothing of it."""
        return (fact for fact in self.facts if fact.kind == "step" and fact.step == step and fact.body)

    def newest(self, step: str) -> Fact | None:
        """Return the newest that a step left, or none."""
        return next(self.of(step), None)

    def last(self, step: str) -> Fact | None:
        """Return a step's newest record, also of one that could not do its work; none where there is none."""
        return next((fact for fact in self.facts if fact.kind == "step" and fact.step == step), None)

    def windows(self, step: str) -> "list[Fact]":
        """Return what a step left, the newest window first, whenever each was looked at."""
        return sorted(self.of(step), key=lambda fact: (fact.window_end, fact.position), reverse=True)

    @property
    def champion(self) -> Mapping[str, Any] | None:
        """The model in use, as the newest move of the head has it; none before the first release."""
        moved = next(self.of_kind("promotion", "rollback"), None)
        return ((moved.evidence.get("head_change") or {}).get("after") or None) if moved else None

    def of_kind(self, *kinds: str) -> Iterator[Fact]:
        """Yield records of these kinds."""
        return (fact for fact in self.facts if fact.kind in kinds)

    def earned(self, code: str) -> Fact | None:
        """Return the newest check that was run for a test, or none."""
        return next((fact for fact in self.of_kind(EARNED) if fact.body.get("code") == code), None)

    def attested(self, code: str) -> Fact | None:
        """Return the newest attestation of a test, or none."""
        return next((fact for fact in self.of_kind(ATTESTATION) if fact.evidence.get("code") == code), None)


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
