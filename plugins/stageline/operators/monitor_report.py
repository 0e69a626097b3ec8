"""The step `monitor_report`: one window of a released model on one page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.operators.monitoring import MonitoringOperator
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext


class MonitorReportOperator(MonitoringOperator):
    """Write the page of a window to the monitoring run of its model version.

    It judges nothing: it passes once the page is made, whatever the steps before found, and also if they left nothing.

    :param pipeline: Name of the pipeline.
    """

    step = "monitor_report"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the records of the steps before, and how far the ledger's head and its incidents have come."""
        from stageline.operators.incident_log import IncidentLog
        from stageline.operators.monitor_records import digests
        from stageline.operators.monitor_report_content import STEPS

        incidents = IncidentLog(run.ledger, run.name).newest().values()
        return {
            **digests(run, STEPS),
            "generation": run.ledger.head(run.name).generation,
            "incidents": max((each.record.position for each in incidents), default=0),
        }

    def check(self, run: "RunContext") -> Report:
        """Make the page once, so that only one that can be made is reported."""
        from stageline.operators.monitor_report_content import monitor_content, pages_of, shown_window
        from stageline.reporting import render_monitor_page

        shown = shown_window(run)
        content = monitor_content(run, shown)
        size = len(render_monitor_page(content).encode())
        steps = ", ".join(f"{line.step} {line.verdict}" for line in content.steps)
        message = f"the page of {size / 1_000:,.0f} kB shows {steps or 'that no step left a record'}"
        return Report(
            step=self.step,
            checks=(Check(code="SL-R002", name="page", verdict=Verdict.PASSED, message=message),),
            evidence={
                **shown,
                "page": pages_of(run, shown)[0],
                "steps": {line.step: line.verdict for line in content.steps},
            },
            sentence=message,
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log the page under its window's last day, and as the latest."""
        from stageline.operators.monitor_report_content import monitor_content, pages_of
        from stageline.reporting import render_monitor_page
        from stageline.tracking import log_texts

        page = render_monitor_page(monitor_content(run, report.evidence))
        with run.tracking.resume(mlflow_run):
            log_texts(dict.fromkeys(pages_of(run, report.evidence), page))

    def _note(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Link to the window's own page: the latest may become another one's."""
        from stageline.operators.monitor_report_content import pages_of

        super()._note(run, report, mlflow_run)
        own, *_ = pages_of(run, report.evidence)
        self.report_url = run.tracking.run_url(mlflow_run, run.tracking.experiment_of(mlflow_run), own)
