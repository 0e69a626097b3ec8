"""The step `release`: compare and swap of the head, on an approval that is bound to this run's evidence."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from stageline.exceptions import HeadError, Outage, SupersededError
from stageline.operators.gate import GateOperator
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from stageline.ledger import ModelVersion
    from stageline.operators.release_evidence import ReleaseEvidence
    from stageline.operators.run_context import RunContext

_SUPERSEDED = "SL-P002"


class ReleaseOperator(GateOperator):
    """Make the candidate the champion, once; an older one is superseded and changes nothing.

    The ledger decides; MLflow's alias follows and may lag behind while MLflow is away.

    :param pipeline: Name of the pipeline.
    :param needs_approval: Whether an approval of this run's evidence is required.
    """

    step = "release"

    def __init__(self, *, needs_approval: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.needs_approval = needs_approval

    def stop(self, report: Report) -> NoReturn:
        """End as skipped where the candidate is superseded, so that nothing downstream runs.

        :raises AirflowSkipException: The candidate is superseded.
        :raises GateFailed: Anything else.
        """
        if any(check.code == _SUPERSEDED for check in report.checks):
            raise AirflowSkipException(f"{self.step}: {report.sentence}")
        super().stop(report)

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the evidence, the approval, and what is known of the error budgets."""
        from stageline.operators.release_evidence import ReleaseEvidence

        evidence = ReleaseEvidence.of(run)
        approval = evidence.approval()
        return {
            "evidence": evidence.digest,
            "approval": approval.digest if approval else "",
            "budget": [f"{check.verdict} {check.message}" for check in _frozen(run, evidence)],
        }

    def check(self, run: "RunContext") -> Report:
        """Check the approval, register the version, move the head."""
        from stageline.operators.release_evidence import ReleaseEvidence

        evidence = ReleaseEvidence.of(run)
        approved = _approved(evidence) if self.needs_approval else None
        if approved is not None and approved.verdict is not Verdict.PASSED:
            return Report(step=self.step, checks=(approved,), evidence={"evidence": evidence.digest})
        before = (*([approved] if approved else []), *_frozen(run, evidence))
        if any(check.effect is Verdict.FAILED for check in before):
            return Report(step=self.step, checks=before, evidence={"evidence": evidence.digest})
        candidate = _candidate(run, evidence)
        why = [approved.message if approved else "no approval was asked for"]
        why += [check.message for check in before if check.verdict is Verdict.FAILED]
        moved = _move(run, evidence, candidate, "; ".join(why))
        return Report(
            step=self.step,
            checks=(*before, moved),
            evidence={"evidence": evidence.digest, "candidate": candidate.model_dump(mode="json")},
            sentence=moved.message,
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:  # noqa: ARG002 - the base's signature
        """Let MLflow's alias follow the ledger's head."""
        from stageline.operators.aliases import converge

        converge(run.tracking, run.ledger.head(run.name))

    def _show(self, run: "RunContext", report: Report) -> None:
        try:
            super()._show(run, report)
        except Outage as outage:
            # The head has moved, or has not, whatever MLflow shows: a task that fails after it would deny a release.
            self.log.warning("recorded, but MLflow does not show it yet: %s", outage)


def _approved(evidence: "ReleaseEvidence") -> Check:
    approval = evidence.approval()
    if approval is None:
        verdict, message = Verdict.INCONCLUSIVE, "nobody approved this candidate"
    elif not approval.verdict.advances:
        verdict, message = Verdict.FAILED, approval.sentence
    elif approval.evidence.get("evidence") != evidence.digest:
        verdict = Verdict.FAILED
        message = f"{approval.sentence}, but a step was run again since: ask again"
    else:
        verdict, message = Verdict.PASSED, approval.sentence
    return Check(code="SL-A001", name="approved", verdict=verdict, message=message)


def _frozen(run: "RunContext", evidence: "ReleaseEvidence") -> tuple[Check, ...]:
    """Return whether promotions are frozen; where the head has moved since, no candidate of this run is promoted."""
    from stageline.operators.budget_freeze import frozen_checks

    head = run.ledger.head(run.name)
    return frozen_checks(run, head) if head.generation == evidence.generation else ()


def _candidate(run: "RunContext", evidence: "ReleaseEvidence") -> "ModelVersion":
    from stageline.operators.stored_rows import newest_event_time
    from stageline.release.validation.candidate import require_ready
    from stageline.serving import ModelFiles
    from stageline.tracking import fetch_file
    from stageline.tracking.registry import CHALLENGER, point_alias, register_version
    from stageline.tracking.runs import require_run

    trained = run.evidence("train")
    stored = trained["model"]
    tags = {"stageline.digest": stored["digest"], "stageline.evidence": evidence.digest}
    with tempfile.TemporaryDirectory() as scratch, run.tracking.reach() as client:
        require_run(client, trained["mlflow_run"])
        require_ready(client, stored["id"])
        # Kept here before it is registered, let alone released: scoring and rollback need no MLflow.
        files = ModelFiles(run.settings.tables / run.name / "models")
        if files.find(stored["digest"]) is None:
            files.keep(fetch_file(stored["uri"], Path(scratch)), stored["digest"])
        version = register_version(client, run.name, model=stored["id"], mlflow_run=trained["mlflow_run"], tags=tags)
        point_alias(client, run.name, CHALLENGER, version)
    return evidence.candidate(version, newest_event_time(run))


def _move(run: "RunContext", evidence: "ReleaseEvidence", candidate: "ModelVersion", why: str) -> Check:
    from stageline.ledger.head import PROMOTION
    from stageline.operators.release_evidence import entry_of

    entry = entry_of(
        run, kind=PROMOTION, step=ReleaseOperator.step, verdict=Verdict.PASSED,
        sentence=f"version {candidate.version} is the champion: {why}",
        evidence={"evidence": evidence.digest, "records": {s: r.position for s, r in evidence.records.items()}},
        key=candidate.digest,
    )  # fmt: skip
    try:
        record = run.ledger.promote(entry, candidate, expected=evidence.generation)
    except SupersededError as error:
        return Check(code=_SUPERSEDED, name="superseded", verdict=Verdict.INCONCLUSIVE, message=str(error))
    except HeadError as error:
        return Check(code="SL-P001", name="head_moved", verdict=Verdict.FAILED, message=str(error))
    return Check(code="SL-P001", name="head_moved", verdict=Verdict.PASSED, message=record.sentence)
