"""How a gate stops a pipeline."""

from airflow.sdk.exceptions import AirflowFailException


class GateFailed(AirflowFailException):  # noqa: N818 - a gate that fails is an answer, not a defect
    """A gate's verdict stops the run; Airflow does not retry it."""
