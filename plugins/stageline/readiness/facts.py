"""What is known of a pipeline: records of its ledger as plain values, the newest first, and its spec."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from stageline.readiness.evidence import ATTESTATION, EARNED
from stageline.spec import PipelineSpec, Stage
from stageline.verdicts import Check, Mode, Verdict

# A step up changes these two, and nothing that evidence speaks of.
_NOT_CONTENT = {"stage", "readiness"}


def content_digest(spec: PipelineSpec) -> str:
    """Return the digest of what a spec says beside its stage: graduating does not change it."""
    told = json.dumps(spec.model_dump(mode="json", exclude=_NOT_CONTENT), sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


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

    def of_kind(self, *kinds: str) -> Iterator[Fact]:
        """Yield records of these kinds."""
        return (fact for fact in self.facts if fact.kind in kinds)

    def earned(self, code: str) -> Fact | None:
        """Return the newest check that was run for a test, or none."""
        return next((fact for fact in self.of_kind(EARNED) if fact.body.get("code") == code), None)

    def attested(self, code: str) -> Fact | None:
        """Return the newest attestation of a test, or none."""
        return next((fact for fact in self.of_kind(ATTESTATION) if fact.evidence.get("code") == code), None)
