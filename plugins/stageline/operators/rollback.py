"""The step `rollback`: a rollout that is under way ends, or the champion before takes over again, explicitly."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError, Outage
from stageline.operators.gate import GateOperator
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext


class RollbackOperator(GateOperator):
    """Take back the newest change of what is in use; needs the ledger, and no MLflow.

    While a rollout is under way, that is its canary, which leaves the traffic; else an earlier champion becomes the
    champion again.

    :param pipeline: Name of the pipeline.
    :param version: Version to go back to, whatever is under way; default: the champion before this one.
    :param reason: Why, for the record.
    """

    step = "rollback"
    page = ""
    template_fields: Sequence[str] = ("pipeline", "version", "reason")

    def __init__(self, *, version: int | str | None = None, reason: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.version = version
        self.reason = reason

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:  # noqa: ARG002 - the base's signature
        """Return where to; a retry of this task rolls back no further."""
        return {"version": self.version, "reason": self.reason}

    def check(self, run: "RunContext") -> Report:
        """Move the head back."""
        from stageline.ledger.canary import CANARY_CHANGE
        from stageline.ledger.head import CHANGE, ROLLBACK
        from stageline.operators.release_evidence import entry_of
        from stageline.operators.undo import undo

        entry = entry_of(
            run, kind=ROLLBACK, step=self.step, verdict=Verdict.PASSED,
            sentence=self.reason or "rolled back", evidence={"reason": self.reason}, key=(self.version, self.reason),
        )  # fmt: skip
        record, message = undo(run.ledger, entry, _number(self.version))
        return Report(
            step=self.step,
            checks=(Check(code="SL-P003", name="rolled_back", verdict=Verdict.PASSED, message=message),),
            evidence={name: record.evidence[name] for name in (CHANGE, CANARY_CHANGE) if name in record.evidence},
            sentence=f"{message}: {self.reason}" if self.reason else message,
        )

    def _show(self, run: "RunContext", report: Report) -> None:
        from stageline.operators.aliases import converge
        from stageline.operators.targets import let_follow

        if lag := let_follow(run):
            self.log.warning("rolled back, but the target does not follow yet: %s", lag)
        try:
            super()._show(run, report)
            converge(run.tracking, run.ledger.head(run.name))
        except Outage as outage:
            self.log.warning("rolled back, but MLflow does not show it yet: %s", outage)


def _number(version: int | str | None) -> int | None:
    if version in (None, "", "None"):
        return None
    try:
        return int(str(version))
    except ValueError:
        raise DataError(f"version is {version!r}; expected a whole number") from None
