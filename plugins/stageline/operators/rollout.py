"""The step `rollout`: a candidate gets traffic in steps, each judged against the champion at the same time."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from stageline.exceptions import HeadError, SupersededError
from stageline.ledger.canary import CANARY
from stageline.ledger.head import CHANGE, PROMOTION
from stageline.operators.candidate import SUPERSEDED, approved_check, frozen, promoted, registered
from stageline.operators.links import MlflowRunLink, ReportLink, RolloutLink
from stageline.operators.releasing import ReleasingOperator
from stageline.operators.rollout_report import rollout_url
from stageline.operators.rollout_story import RolloutStory
from stageline.operators.running_rollout import RunningRollout, forgotten_from, moment_now, plan_of
from stageline.operators.settling import settled
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.release_evidence import ReleaseEvidence
    from stageline.operators.run_context import RunContext

BEGUN = "SL-P004"


class RolloutOperator(ReleasingOperator):
    """Give the candidate traffic in the spec's steps; the judge promotes it, or takes it out of the traffic.

    What was done stands in the ledger, so that a retry, another worker or a second copy of the task goes on where the
    rollout is. Between two looks the task waits without a worker. The first model of a pipeline has no champion to be
    compared with: it is released at once.

    :param pipeline: Name of the pipeline.
    :param needs_approval: Whether the approvals that `release.approvals` asks for are required.
    """

    step = "rollout"
    operator_extra_links = (MlflowRunLink(), ReportLink(), RolloutLink())

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rollout_url: str | None = None

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the evidence and the approvals."""
        from stageline.operators.release_evidence import ReleaseEvidence

        evidence = ReleaseEvidence.of(run)
        return {"evidence": evidence.digest, "approval": [answer.digest for answer in evidence.approvals()]}

    def check(self, run: "RunContext") -> Report:
        """Begin the rollout, or go on with it: look, decide, act, and wait for the next look."""
        from stageline.operators.release_evidence import ReleaseEvidence

        evidence = ReleaseEvidence.of(run)
        begun = _own_rollout(run) or run.ledger.find(_begin_key(run, evidence))
        if begun is None:
            report = self._settle(run, evidence) or self._begin(run, evidence)
            if report is not None:
                return report
            begun = run.ledger.find(_begin_key(run, evidence))
        if begun is None:
            raise AssertionError("a rollout that has begun is on record")
        self.rollout_url = rollout_url(run, RolloutStory.of(run.ledger, run.name, begun.position))
        return RunningRollout(run, evidence, begun.position, self.wait_until).go_on()

    def _settle(self, run: "RunContext", evidence: "ReleaseEvidence") -> Report | None:
        """Go on waiting for the target where this run has released the first model already."""
        released = _of_this_task(run, PROMOTION)
        own = next((each for each in released if each.evidence.get("evidence") == evidence.digest), None)
        if own is None:
            return None
        moved = Check(code="SL-P001", name="head_moved", verdict=Verdict.PASSED, message=own.sentence)
        return _released(self, run, evidence, own, moved)

    def _begin(self, run: "RunContext", evidence: "ReleaseEvidence") -> Report | None:
        """Begin the rollout; returns a report where there is none."""
        from stageline.operators.release_evidence import entry_of

        plan, needed = plan_of(run), run.spec.release.approvals if run.spec.release else 1
        about: dict[str, Any] = {"evidence": evidence.digest}
        before = (*((approved_check(evidence, needed),) if self.needs_approval else ()), *frozen(run, evidence))
        if any(check.effect is not None and not check.effect.advances for check in before):
            return Report(step=self.step, checks=before, evidence=about)
        candidate = registered(run, evidence)
        about["candidate"] = candidate.model_dump(mode="json")
        why = "; ".join(check.message for check in before) or "no approval was asked for"
        if run.ledger.head(run.name).champion is None:
            moved, record = promoted(run, evidence, candidate, f"the first, {why}", self.step)
            if record is not None:
                return _released(self, run, evidence, record, moved)
            return Report(step=self.step, checks=(*before, moved), evidence=about, sentence=moved.message)
        entry = entry_of(
            run, kind="canary", step=self.step, verdict=Verdict.PASSED,
            sentence=f"version {candidate.version} is tried at {plan.steps[0]} %: {why}",
            evidence={"evidence": evidence.digest, "records": {s: r.position for s, r in evidence.records.items()}},
            key=candidate.digest,
        ).model_copy(update={"idempotency_key": _begin_key(run, evidence)})  # fmt: skip
        _end_forgotten(run)
        try:
            until = forgotten_from(plan, plan.steps[0])
            run.ledger.begin_canary(entry, candidate, plan.steps[0], expected=evidence.generation, until=until)
        except SupersededError as error:
            done = Check(code=SUPERSEDED, name="superseded", verdict=Verdict.INCONCLUSIVE, message=str(error))
        except HeadError as error:
            done = Check(code=BEGUN, name="rollout_begun", verdict=Verdict.FAILED, message=str(error))
        else:
            return None
        return Report(step=self.step, checks=(*before, done), evidence=about, sentence=done.message)


def _released(
    operator: RolloutOperator, run: "RunContext", evidence: "ReleaseEvidence", promotion: "Record", moved: Check
) -> Report:
    """Wait until the target serves the first model, and report it."""
    served = settled(run, promotion, operator.wait_until)
    gravest = moved if served.verdict.advances else served
    about = {"evidence": evidence.digest, "candidate": promotion.evidence[CHANGE]["after"]}
    return Report(step=operator.step, checks=(moved, served), evidence=about, sentence=gravest.message)


def _own_rollout(run: "RunContext") -> "Record | None":
    """Return what began the rollout that is under way, if it was this task: whatever was run again since."""
    canary = run.ledger.head(run.name).canary
    if canary is None:
        return None
    return next((each for each in _of_this_task(run, CANARY) if each.position == canary.sequence), None)


def _of_this_task(run: "RunContext", kind: str) -> "list[Record]":
    found = run.ledger.records(run.name, dag_id=run.dag_id, run_id=run.run_id, kinds=(kind,))
    return [each for each in found if (each.task_id, each.map_index) == (run.task_id, run.map_index)]


def _end_forgotten(run: "RunContext") -> None:
    """End a rollout whose task is gone and whose time is over: its canary has left the traffic by itself."""
    from stageline.operators.release_evidence import entry_of

    head = run.ledger.head(run.name)
    if head.canary is None or head.live(moment_now()).canary is not None:
        return
    sequence = head.canary.sequence
    sentence = f"rollout #{sequence} was left by its task: version {head.canary.model.version} is tried no more"
    entry = entry_of(
        run, kind="canary", step="rollout", verdict=Verdict.FAILED, sentence=sentence,
        evidence={"sequence": sequence}, key=("forgotten", sequence),
    )  # fmt: skip
    # Another run may have ended it meanwhile.
    with suppress(HeadError):
        run.ledger.end_canary(entry, sequence=sequence)


def _begin_key(run: "RunContext", evidence: "ReleaseEvidence") -> str:
    from stageline.operators.user_code import digest_of

    return f"canary/{digest_of(repr((run.name, run.dag_id, run.run_id, run.task_id, run.map_index, evidence.digest)))}"
