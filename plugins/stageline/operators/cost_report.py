"""The step `costs`: what a pipeline cost, held against its forecast, its limit and what is usual."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline.operators.monitoring import MonitoringOperator
from stageline.verdicts import Report

if TYPE_CHECKING:
    from stageline.operators.cost_analysis import Analysis
    from stageline.operators.run_context import RunContext


class CostReportOperator(MonitoringOperator):
    """Add up what every step was metered to take, by run, month and purpose, and judge it.

    It fails where the month has cost more already than its whole band, where a run cost several times what is usual
    of its DAG, and in production where 1,000 predictions cost more than `costs.max_per_1000`. An alert after it tells
    the owner of the business. Once a month it records the forecast of the months to come.

    :param pipeline: Name of the pipeline.
    """

    step = "costs"
    page = "costs.html"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._analysis: Analysis | None = None

    def execute(self, context: Any) -> dict[str, Any]:
        """Add up, with nothing that an earlier try has computed."""
        self._analysis = None
        return super().execute(context)

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the try and the newest record: each run adds up anew."""
        newest = run.ledger.newest(run.name)
        return {"newest": newest.position if newest else 0, "try": run.try_number}

    def check(self, run: "RunContext") -> Report:
        """Add up and judge."""
        from stageline.operators.cost_accounts import Accounts

        accounts = Accounts.of(run, datetime.now(UTC))
        self._analysis = accounts.analysis
        return accounts.report(self.step)

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log the amounts, and the page with what was forecast and what it cost."""
        from stageline.operators.cost_report_page import cost_report_page
        from stageline.tracking import log_texts

        self.show_values(run, report, mlflow_run, cost_values(report.evidence))
        page = cost_report_page(run, report.evidence, self._analysis)
        if page:
            with run.tracking.resume(mlflow_run):
                log_texts({self.page: page})


def cost_values(evidence: Mapping[str, Any]) -> dict[str, float]:
    """Return what MLflow shows of a report: the current month, and the newest run of each DAG."""
    month = evidence["months"][-1]
    shared = evidence.get("shares") or {}
    found = {
        "costs/month": month["total"], "costs/month_metered": month["metered"], "costs/per_1000": month["per_1000"],
        "costs/per_customer": shared.get("per_customer"), "costs/of_revenue": shared.get("of_revenue"),
        **{f"costs/{name}": amount for name, amount in month["purposes"].items()},
    }  # fmt: skip
    for each in reversed(evidence["runs"]):
        found[f"costs/run/{each['dag_id'].rpartition('.')[2]}"] = each["cost"]
    return {name: value for name, value in found.items() if value is not None}
