"""The step `release`: compare and swap of the head, on an approval that is bound to this run's evidence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.operators.candidate import approved_check, frozen, promoted, registered
from stageline.operators.earned_stage import held_back, stage_checks
from stageline.operators.releasing import ReleasingOperator
from stageline.operators.settling import settled
from stageline.verdicts import Report, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext


class ReleaseOperator(ReleasingOperator):
    """Make the candidate the champion, once; an older one is superseded and changes nothing.

    The ledger decides, and the task waits without a worker until the target serves the new champion; a target that
    refuses gets the one before back. MLflow's alias follows and may lag behind while MLflow is away.

    :param pipeline: Name of the pipeline.
    :param needs_approval: Whether an approval of this run's evidence is required.
    """

    step = "release"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the evidence, the approval, and what is known of the error budgets."""
        from stageline.operators.release_evidence import ReleaseEvidence

        evidence = ReleaseEvidence.of(run)
        return {
            "evidence": evidence.digest,
            "approval": [answer.digest for answer in evidence.approvals()],
            "budget": [f"{check.verdict} {check.message}" for check in frozen(run, evidence)],
            **held_back(stage_checks(run, evidence.generation)),
        }

    def check(self, run: "RunContext") -> Report:
        """Check the approval, register the version, move the head, see that the target follows."""
        from stageline.operators.release_evidence import ReleaseEvidence

        evidence = ReleaseEvidence.of(run)
        approved = approved_check(evidence, 1) if self.needs_approval else None
        if approved is not None and approved.verdict is not Verdict.PASSED:
            return Report(step=self.step, checks=(approved,), evidence={"evidence": evidence.digest})
        before = (*([approved] if approved else []), *frozen(run, evidence), *stage_checks(run, evidence.generation))
        if any(check.effect in (Verdict.FAILED, Verdict.ERRORED) for check in before):
            return Report(step=self.step, checks=before, evidence={"evidence": evidence.digest})
        candidate = registered(run, evidence)
        why = [approved.message if approved else "no approval was asked for"]
        why += [check.message for check in before if check.verdict is Verdict.FAILED and check.effect]
        moved, record = promoted(run, evidence, candidate, "; ".join(why), self.step)
        done = (moved, settled(run, record, self.wait_until)) if record is not None else (moved,)
        gravest = next((check for check in done if not check.verdict.advances), moved)
        return Report(
            step=self.step,
            checks=(*before, *done),
            evidence={"evidence": evidence.digest, "candidate": candidate.model_dump(mode="json")},
            sentence=gravest.message,
        )
