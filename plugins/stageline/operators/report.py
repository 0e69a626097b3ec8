"""The step `report`: everything the run found on one page, and the answer in one sentence."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.verdicts import Check, Report

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.operators.run_context import RunContext

STEPS = ("quality", "features", "train", "evaluate")


class ReportOperator(GateOperator):
    """Write the report page to MLflow and close the MLflow run.

    :param pipeline: Name of the pipeline.
    """

    step = "report"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the records of the steps before."""
        return {step: record.digest for step in STEPS if (record := run.earlier(step)) is not None}

    def check(self, run: "RunContext") -> Report:
        """Sum up the steps."""
        records = [record for step in STEPS if (record := run.earlier(step)) is not None]
        evaluated = run.require("evaluate")
        same_as = run.evidence("evaluate").get("same_as")
        again = f" Snapshot and metrics are the same as in run {same_as}." if same_as else ""
        warning = "".join(
            f" {record.step.capitalize()} {record.verdict} in {_deciding(record)}."
            for record in records
            if not record.verdict.advances and record.step != "evaluate"
        )
        return Report(
            step=self.step,
            checks=tuple(
                Check(
                    code="SL-R001", name=record.step, verdict=record.verdict,
                    message=f"{record.step}: {record.sentence}",
                )
                for record in records
            ),
            sentence=f"{evaluated.sentence}{warning}{again}",
            evidence={
                "page": self.page, "conclusion": f"{evaluated.sentence}{warning}", "same_as": same_as,
                "mlflow_run": run.tracking.ensure(run.dag_run),
            },
        )  # fmt: skip

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log the page and close the run."""
        from stageline.operators.metered_work import run_cost
        from stageline.operators.report_content import report_content
        from stageline.reporting import draw_plots, render_page
        from stageline.tracking import log_texts, log_values

        content = report_content(run, report)
        cost = run_cost(run)
        plots = {f"plots/{name}": svg for name, svg in draw_plots(content).items()}
        with run.tracking.resume(mlflow_run):
            log_texts({self.page: render_page(content), **plots})
            log_values({"costs/run": cost}, run.dag_run)
        run.tracking.finish(mlflow_run, succeeded=not report.blocks)


def _deciding(record: "Record") -> str:
    """Return how many of a step's checks made its verdict."""
    report = Report.model_validate(record.evidence)
    deciding = sum(check.effect is report.verdict for check in report.checks)
    return f"{deciding} of {len(report.checks)} checks"
