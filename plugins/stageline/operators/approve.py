"""The step `approve`: a person lets a candidate in, on evidence that is still the same when the answer is used."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowException

from stageline.exceptions import Refusal
from stageline.operators.failure import GateFailed
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from airflow.sdk import Context

    from stageline.operators.release_evidence import ReleaseEvidence
    from stageline.operators.run_context import RunContext

_EVIDENCE = "evidence"


class ApproveReleaseOperator(ApprovalOperator):
    """Ask the approvers, with the evidence in the question; no answer and no approval both stop the run.

    What is approved is the evidence's digest. If a step is run again before the answer, the answer counts for
    nothing. Where several tasks ask, each answer has to be another person's: who answered before is asked to leave it
    to somebody else.

    :param pipeline: Name of the pipeline.
    :param approvers: Airflow users who may answer; none: everyone who may answer for the DAG.
    :param response_timeout: How long to wait.
    """

    step = "approve"
    template_fields: Sequence[str] = ("pipeline",)
    ui_color = "#fef7e0"

    def __init__(
        self,
        *,
        pipeline: str,
        approvers: Sequence[str] = (),
        response_timeout: timedelta = timedelta(days=7),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            subject=f"Release a model of {pipeline}?",
            assigned_users=[{"id": user, "name": user} for user in approvers] or None,
            response_timeout=response_timeout,
            fail_on_reject=True,
            **kwargs,
        )
        self.pipeline = pipeline

    def execute(self, context: "Context") -> Any:
        """Put the question; the task then waits without a worker."""
        from stageline.operators.release_evidence import REQUEST, ReleaseEvidence, entry_of
        from stageline.operators.resolving import resolve_run

        with resolve_run(self.pipeline, context) as run:
            evidence = _evidence(run, ReleaseEvidence)
            self.body = "\n\n".join((evidence.markdown(_links(run)), *_stage(run)))
            about = Param(evidence.digest, type="string", const=evidence.digest, description="What is approved.")
            self.params = ParamsDict({_EVIDENCE: about})
            run.ledger.append(
                entry_of(
                    run, kind=REQUEST, step=self.step, verdict=Verdict.INCONCLUSIVE,
                    sentence=f"asked for approval of {evidence.digest[:19]}…",
                    evidence={_EVIDENCE: evidence.digest, "generation": evidence.generation},
                    key=(evidence.digest, run.try_number),
                )
            )  # fmt: skip
        return super().execute(context)

    def execute_complete(self, context: "Context", event: dict[str, Any]) -> Any:
        """Record the answer; only an approval of the evidence as it is now goes on."""
        from stageline.operators.release_evidence import APPROVAL, ReleaseEvidence, entry_of
        from stageline.operators.resolving import resolve_run

        with resolve_run(self.pipeline, context) as run:
            asked, evidence, by = _asked(run), _evidence(run, ReleaseEvidence), _by(event)
            problem = _problem(event, asked, evidence.digest)
            if not problem and (other := _answered(run, evidence, by)):
                raise AirflowException(
                    f"{by} approved already, in the task {other!r}: another person has to; asked again"
                )
            record = run.ledger.append(
                entry_of(
                    run, kind=APPROVAL, step=self.step, verdict=Verdict.FAILED if problem else Verdict.PASSED,
                    sentence=problem or f"approved by {by}",
                    evidence={
                        _EVIDENCE: asked, "by": by, "answer": list(event.get("chosen_options") or ()),
                        "at": str(event.get("responded_at") or ""),
                    },
                    key=(asked, run.try_number),
                ).model_copy(update={"actor": by[:250]})
            )  # fmt: skip
            self.log.info("recorded as #%d: %s", record.position, record.sentence)
        if problem:
            raise GateFailed(f"approve failed: {problem}")
        super().execute_complete(context, event)
        return {"verdict": "passed", "sentence": record.sentence, "record": record.position}


def _evidence(run: "RunContext", kind: "type[ReleaseEvidence]") -> "ReleaseEvidence":
    try:
        return kind.of(run)
    except Refusal as refusal:
        raise GateFailed(f"approve errored: {refusal}") from refusal


def _stage(run: "RunContext") -> list[str]:
    """Return what the approver is told of the stage, where it is not earned."""
    from stageline.operators.earned_stage import stage_checks

    return [f"**Stage**: {check.message}" for check in stage_checks(run) if check.verdict is not Verdict.PASSED]


def _asked(run: "RunContext") -> str:
    from stageline.operators.release_evidence import REQUEST

    records = run.ledger.records(run.name, dag_id=run.dag_id, run_id=run.run_id, step=ApproveReleaseOperator.step)
    own = (record for record in records if (record.task_id, record.map_index) == (run.task_id, run.map_index))
    newest = next((record for record in own if record.kind == REQUEST), None)
    return str(newest.evidence[_EVIDENCE]) if newest else ""


def _answered(run: "RunContext", evidence: "ReleaseEvidence", by: str) -> str:
    """Return the other task in which a person approved the same evidence, or an empty text."""
    for answer in evidence.approvals():
        same = answer.evidence.get("by") == by and answer.evidence.get(_EVIDENCE) == evidence.digest
        if same and answer.verdict.advances and answer.task_id != run.task_id:
            return answer.task_id
    return ""


def _problem(event: Mapping[str, Any], asked: str, now: str) -> str:
    """Return why an answer is no approval, or an empty text."""
    if "error" in event:
        timed_out = event.get("error_type") == "timeout"
        return "nobody answered in time: nothing is released" if timed_out else f"no answer came: {event['error']}"
    if list(event.get("chosen_options") or ()) != [ApprovalOperator.APPROVE]:
        return f"rejected by {_by(event)}"
    if not _name(event):
        return "the approval names nobody"
    given = (event.get("params_input") or {}).get(_EVIDENCE, asked)
    if not asked or given != asked:
        return f"{_by(event)} approved {given or 'nothing'}, asked was for {asked or 'nothing'}"
    if asked != now:
        return f"{_by(event)} approved {asked[:19]}…, but a step was run again since: the evidence is {now[:19]}… now"
    return ""


def _by(event: Mapping[str, Any]) -> str:
    return _name(event) or "nobody"


def _name(event: Mapping[str, Any]) -> str:
    user = event.get("responded_by_user")
    known = user if isinstance(user, Mapping) else getattr(user, "__dict__", {})
    return next((text for key in ("name", "id") if isinstance(text := known.get(key), str) and text.strip()), "")


def _links(run: "RunContext") -> dict[str, str]:
    trained = run.evidence("train")["mlflow_run"]
    experiment = run.tracking.experiment_of(trained)
    links = {
        "report": run.tracking.run_url(trained, experiment, "report.html"),
        "MLflow run": run.tracking.run_url(trained, experiment),
        "Airflow run": run.airflow_url,
    }
    return {name: url for name, url in links.items() if url}
