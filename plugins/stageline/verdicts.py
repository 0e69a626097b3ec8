"""The one vocabulary of every decision: a check has a verdict, a report sums up its checks."""

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Verdict(StrEnum):
    """What a check or a report concluded. Only `passed` and `warned` go forward."""

    PASSED = "passed"
    WARNED = "warned"
    INCONCLUSIVE = "inconclusive"
    FAILED = "failed"
    ERRORED = "errored"

    @property
    def advances(self) -> bool:
        """Whether a pipeline may go on after this verdict."""
        return self in (Verdict.PASSED, Verdict.WARNED)


class Severity(StrEnum):
    """How much a check weighs in its report."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Mode(StrEnum):
    """Whether a report's verdict stops the pipeline (`enabled`) or is only shown (`dry_run`)."""

    ENABLED = "enabled"
    DRY_RUN = "dry_run"


def shown_verdict(verdict: Verdict, mode: Mode) -> str:
    """Return the verdict as people read it: one that would have stopped the pipeline says that it did not."""
    return f"{verdict} (dry run)" if mode is Mode.DRY_RUN and not verdict.advances else str(verdict)


_GRAVITY = {verdict: rank for rank, verdict in enumerate(Verdict)}


class Check(BaseModel):
    """One thing looked at: its stable code, its verdict, and a message that quotes its numbers.

    :param code: Stable code with an entry in the docs, e.g. `SL-Q001`.
    :param name: What was checked, e.g. `expect_column_values_to_be_between(hum)`.
    :param n: Number of rows (or events) the check rests on.
    :param details: JSON values that a report page shows, e.g. examples of unexpected values.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^SL-[A-Z]\d{3}$")
    name: str
    verdict: Verdict
    message: str
    severity: Severity = Severity.CRITICAL
    value: float | None = None
    limit: float | None = None
    n: int | None = Field(default=None, ge=0)
    details: Mapping[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _never_pass_on_nothing(self) -> Self:
        for number in (self.value, self.limit):
            if self.verdict.advances and number is not None and not math.isfinite(number):
                raise ValueError(f"check {self.name!r} {self.verdict} on a number that is not finite: {number}")
        return self

    @property
    def effect(self) -> Verdict | None:
        """What this check contributes to its report: a warning never blocks, an info never counts.

        An error always counts in full: a check that could not be made says nothing about the data.
        """
        if self.verdict is Verdict.ERRORED:
            return self.verdict
        if self.severity is Severity.INFO:
            return None
        if self.severity is Severity.WARNING and self.verdict is not Verdict.PASSED:
            return Verdict.WARNED
        return self.verdict


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the gravest verdict; no verdict at all is `inconclusive`, never a pass."""
    return max(verdicts, key=_GRAVITY.__getitem__, default=Verdict.INCONCLUSIVE)


class Report(BaseModel):
    """What one step of a pipeline concluded, with its evidence.

    :param step: Step of the pipeline, e.g. `quality`.
    :param sentence: The conclusion as one sentence for a person; left empty, it is made from the checks.
    :param evidence: JSON values that later steps and pages read: digests, versions, metrics.
    :param mode: Whether the verdict stops the pipeline.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    checks: tuple[Check, ...] = ()
    evidence: Mapping[str, Any] = Field(default_factory=dict)
    mode: Mode = Mode.ENABLED
    sentence: str = ""

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        if not self.sentence:
            object.__setattr__(self, "sentence", self._sum_up())
        return self

    @property
    def verdict(self) -> Verdict:
        """The worst effect among the checks; without any, `inconclusive`."""
        return worst(effect for check in self.checks if (effect := check.effect) is not None)

    @property
    def blocks(self) -> bool:
        """Whether the pipeline has to stop here."""
        return self.mode is Mode.ENABLED and not self.verdict.advances

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values; a number that is not finite becomes null, as JSON has none.

        NumPy's numbers become plain ones and what JSON does not know its text: a report is recorded, whatever
        a check of the user's own put into it.
        """
        return dict(_finite(self.model_dump(mode="json", fallback=_plain)))

    def checks_with(self, *verdicts: Verdict) -> tuple[Check, ...]:
        """Return the checks that ended with one of the verdicts."""
        return tuple(check for check in self.checks if check.verdict in verdicts)

    def _sum_up(self) -> str:
        if not self.checks:
            return "nothing was checked"
        verdict = self.verdict
        deciding = next((check for check in self.checks if check.effect is verdict), None)
        if deciding is None:
            return f"none of {len(self.checks)} checks counts: all are of severity info"
        if verdict is Verdict.PASSED:
            counted = sum(check.effect is not None for check in self.checks)
            failed = len(self.checks_with(Verdict.FAILED))
            return f"{counted} of {counted} checks passed{f', {failed} of severity info did not' if failed else ''}"
        same = sum(check.effect is verdict for check in self.checks)
        more = f" (and {same - 1} more)" if same > 1 else ""
        return f"{deciding.message}{more}"


def _plain(value: Any) -> Any:
    as_list = getattr(value, "tolist", None)
    return as_list() if callable(as_list) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
