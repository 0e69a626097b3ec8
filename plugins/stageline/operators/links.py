"""Links from a task's page in Airflow to the MLflow run and the report."""

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey


class _StepLink(BaseOperatorLink):
    """A link whose address the operator learnt while it ran; Airflow asks for it at the task's end."""

    address: ClassVar[str]

    def get_link(self, operator: Any, *, ti_key: "TaskInstanceKey") -> str:  # noqa: ARG002 - Airflow's signature
        """Return the address, or nothing where MLflow has no server."""
        return getattr(operator, self.address, None) or ""


class MlflowRunLink(_StepLink):
    """To the MLflow run."""

    name = "MLflow run"
    address = "mlflow_run_url"


class ReportLink(_StepLink):
    """To the report page."""

    name = "Report"
    address = "report_url"


class RolloutLink(_StepLink):
    """To the page of the rollout, while it is under way, too."""

    name = "Rollout"
    address = "rollout_url"
