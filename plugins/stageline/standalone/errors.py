"""Why a local Airflow could not be started, stopped or used."""

from stageline.exceptions import StagelineError


class StandaloneError(StagelineError):
    """The local Airflow or MLflow did not start, did not stop, or did not run a DAG."""
