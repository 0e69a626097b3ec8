"""How a gate stops a pipeline."""

from airflow.sdk.exceptions import AirflowFailException


class GateFailed(AirflowFailException):
    """A gate's verdict stops the run; Airflow does not retry it."""


class RunNotResolved(GateFailed):
    """What a task needs before it can begin cannot be read: its pipeline's spec, or a connection."""
