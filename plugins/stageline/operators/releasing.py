"""What the steps have in common that put a candidate into use: they wait without a worker, and MLflow follows."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from stageline.exceptions import Outage
from stageline.operators.candidate import SUPERSEDED
from stageline.operators.failure import RunNotResolved
from stageline.operators.gate import GateOperator
from stageline.verdicts import Report

if TYPE_CHECKING:
    from airflow.sdk import Context

    from stageline.operators.run_context import RunContext

# A canary that nobody looks at leaves the traffic by itself.
_AGAIN, _PATIENCE = timedelta(seconds=30), timedelta(days=1)


class ReleasingOperator(GateOperator):
    """A step that moves the ledger's head, and goes on after each wait where the ledger says it is.

    :param pipeline: Name of the pipeline.
    :param needs_approval: Whether approvals of this run's evidence are required.
    """

    def __init__(self, *, needs_approval: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.needs_approval = needs_approval

    def wait_until(self, moment: datetime) -> NoReturn:
        """Give the worker back until a moment."""
        raise TaskDeferred(trigger=DateTimeTrigger(moment), method_name="resume")

    def resume(self, context: "Context", event: Any = None, troubled: str = "") -> dict[str, Any]:
        """Go on after a wait: what is to be done stands in the ledger.

        What is on the way is not given up because a store is away, or the spec cannot be read, for a while: Airflow's
        few retries would be over in a minute.

        :param troubled: Since when that is so, ISO 8601; empty: it is not.
        """
        del event
        try:
            return self.execute(context)
        except (Outage, RunNotResolved) as error:
            now = datetime.now(UTC)
            since = datetime.fromisoformat(troubled) if troubled else now
            if now - since > _PATIENCE:
                raise
            self.log.warning("it is asked again in %s, since %s: %s", _AGAIN, since.isoformat(), error)
            given = {"troubled": since.isoformat()}
            raise TaskDeferred(trigger=DateTimeTrigger(now + _AGAIN), method_name="resume", kwargs=given) from error

    def stop(self, report: Report) -> NoReturn:
        """End as skipped where the candidate is superseded, so that nothing downstream runs.

        :raises AirflowSkipException: The candidate is superseded.
        :raises GateFailed: Anything else.
        """
        if any(check.code == SUPERSEDED for check in report.checks):
            raise AirflowSkipException(f"{self.step}: {report.sentence}")
        super().stop(report)

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Let MLflow's alias follow the ledger's head, and close the training's run: nothing comes after it."""
        from stageline.operators.aliases import converge

        converge(run.tracking, run.ledger.head(run.name))
        if not report.blocks:
            run.tracking.finish(mlflow_run, succeeded=True)

    def _show(self, run: "RunContext", report: Report) -> None:
        try:
            super()._show(run, report)
        except Outage as outage:
            # The head has moved, or has not, whatever MLflow shows: a task that fails after it would deny a release.
            self.log.warning("recorded, but MLflow does not show it yet: %s", outage)
