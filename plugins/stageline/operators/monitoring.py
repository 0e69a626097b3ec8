"""The base of the steps that watch a released model: all its windows are one run in MLflow."""

from datetime import datetime
from typing import TYPE_CHECKING

from stageline.exceptions import Outage
from stageline.operators.gate import GateOperator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stageline.operators.run_context import RunContext
    from stageline.tracking import DagRun
    from stageline.verdicts import Report


class MonitoringOperator(GateOperator):
    """Watch a released model.

    What its report has in evidence says what it looked at: `model` (version, digest) and `window` (start, end). In
    MLflow each model version has one run, whose charts show every measure over time. What is recorded counts while
    MLflow is away: an alarm does not wait for it.

    :param pipeline: Name of the pipeline.
    """

    page = ""

    def shown_as(self, run: "RunContext", report: "Report") -> "DagRun":
        """Return the one MLflow run of the model version's monitoring."""
        from stageline.tracking import DagRun

        if run.loaded is None or "model" not in report.evidence:
            return run.dag_run
        model = report.evidence["model"]
        return DagRun(
            run.name,
            f"{run.name}.monitor",
            f"monitoring of version {model['version']} ({model['digest'][7:15]})",
            datetime.fromisoformat(report.evidence["window"]["end"]),
            {**run.dag_run.tags, "stageline.monitored_version": str(model["version"])},
        )

    def show_values(self, run: "RunContext", report: "Report", mlflow_run: str, values: "Mapping[str, float]") -> None:
        """Log what was measured, at the window's end: the next points of the charts."""
        from stageline.tracking import log_values, log_window

        with run.tracking.resume(mlflow_run):
            if "window" not in report.evidence:
                log_values(values, run.dag_run)
                return
            start, end = (datetime.fromisoformat(report.evidence["window"][edge]) for edge in ("start", "end"))
            log_window(values, start, end)

    def _show(self, run: "RunContext", report: "Report") -> None:
        try:
            super()._show(run, report)
        except Outage as outage:
            self.log.warning("recorded, but MLflow does not show it yet: %s", outage)

    def _note(self, run: "RunContext", report: "Report", mlflow_run: str) -> None:
        super()._note(run, report, mlflow_run)
        if run.loaded is not None:
            # The run of a version is never failed by one window of it.
            run.tracking.finish(mlflow_run, succeeded=True)
