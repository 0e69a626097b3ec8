"""The step `validate`: the stored model in a clean process, before anybody is asked to approve it."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.exceptions import ArtifactError
from stageline.operators.gate import GateOperator
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.release.validation.judge import Limits
    from stageline.release.validation.validate import Question


class ModelValidationOperator(GateOperator):
    """Load and query the stored model in a process without credentials; compare with what training recorded.

    :param pipeline: Name of the pipeline.
    :param time_limit: Seconds of wall-clock time after which that process is killed.
    """

    step = "validate"

    def __init__(self, *, time_limit: float = 300, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.time_limit = time_limit

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the stored model, and the try: time, memory and libraries are the machine's, measured anew."""
        return {"model": run.evidence("train")["model"]["digest"], "try": run.try_number}

    def check(self, run: "RunContext") -> Report:
        """Fetch, measure, judge."""
        from stageline.release.validation.candidate import fetch_candidate
        from stageline.release.validation.judge import blessing
        from stageline.release.validation.validate import validate_model

        trained = run.evidence("train")
        evidence = {"model_digest": trained["model"]["digest"], "example": trained.get("example")}
        with tempfile.TemporaryDirectory(prefix="stageline-validate-") as scratch:
            folder = Path(scratch)
            try:
                with run.tracking.resume(trained["mlflow_run"]) as client:
                    model, recorded = fetch_candidate(client, trained, folder)
            except ArtifactError as error:
                return Report(step=self.step, checks=(_artifact(Verdict.FAILED, str(error)),), evidence=evidence)
            checks = validate_model(model, recorded, self._limits(run), _question(run), folder)
        stored = _artifact(Verdict.PASSED, "MLflow has the model and its recorded example")
        values = {check.name: check.value for check in checks if check.value is not None}
        checks = (*checks, *_affordable(run, values))
        return Report(
            step=self.step,
            checks=(stored, *checks),
            evidence={**evidence, "measured": values},
            sentence=blessing(checks),
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log what was measured."""
        from stageline.tracking import log_values

        measured = report.evidence.get("measured") or {}
        with run.tracking.resume(mlflow_run):
            log_values({f"validation_{name}": value for name, value in measured.items()}, run.dag_run)

    def _limits(self, run: "RunContext") -> "Limits":
        from stageline.release.validation.judge import Limits

        gates = run.spec.gates
        if gates is None:
            return Limits(seconds=self.time_limit)
        return Limits(gates.max_latency_ms, gates.max_memory_mb, self.time_limit)


def _artifact(verdict: Verdict, message: str) -> Check:
    return Check(code="SL-V001", name="artifact", verdict=verdict, message=message)


def _affordable(run: "RunContext", measured: Mapping[str, float]) -> "tuple[Check, ...]":
    """Return whether the candidate's predictions cost no more than `costs.max_per_1000`; nothing without it.

    :param measured: Of the candidate, in its clean process.
    """
    if run.spec.costs is None or run.spec.costs.max_per_1000 is None:
        return ()
    from stageline.operators.cost_forecast import judge_candidate

    return (judge_candidate(run, measured),)


def _question(run: "RunContext") -> "Question":
    from stageline.release.validation.validate import Question
    from stageline.spec import Task

    features = run.evidence("features")
    shown = {*features["numeric"], *features["categorical"], run.spec.target.column}
    return Question(
        classify=run.spec.target.task is Task.CLASSIFICATION,
        trusted_types=run.settings.trusted_types,
        private=not shown.isdisjoint(run.spec.source.private),
    )
