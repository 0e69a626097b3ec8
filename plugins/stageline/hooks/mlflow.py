"""The connection type `mlflow`: where the tracking server is, and who asks."""

import os
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import BaseHook

from stageline.exceptions import Refusal, StagelineError


class MlflowHook(BaseHook):
    """Talk to the MLflow server of a connection.

    :param mlflow_conn_id: Connection of type `mlflow`: host (with or without scheme), port, login and
        password for basic authentication, or the extra field `token`.
    """

    conn_name_attr = "mlflow_conn_id"
    default_conn_name = "mlflow_default"
    conn_type = "mlflow"
    hook_name = "MLflow"

    def __init__(self, mlflow_conn_id: str = default_conn_name, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mlflow_conn_id = mlflow_conn_id

    def get_conn(self) -> Any:
        """Return an `MlflowClient` for the connection's server, with its credentials in the environment."""
        uri = self.tracking_uri()
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=uri)

    def tracking_uri(self) -> str:
        """Return the server's address; credentials go to MLflow's own environment variables, never into it.

        :raises Refusal: The connection names no host, or hides credentials in it.
        """
        connection = self.get_connection(self.mlflow_conn_id)
        host = (connection.host or "").rstrip("/")
        if not host:
            raise Refusal(f"connection {self.mlflow_conn_id!r} of type 'mlflow' has no host; enter MLflow's address")
        address = urlsplit(host if "://" in host else f"{connection.schema or 'http'}://{host}")
        if "@" in address.netloc:
            raise Refusal(
                f"connection {self.mlflow_conn_id!r} of type 'mlflow' has credentials in its host; "
                "enter them as login and password"
            )
        credentials = {
            "MLFLOW_TRACKING_USERNAME": connection.login,
            "MLFLOW_TRACKING_PASSWORD": connection.password if connection.login else None,
            "MLFLOW_TRACKING_TOKEN": connection.extra_dejson.get("token"),
        }
        os.environ.update({name: value for name, value in credentials.items() if value})
        port = f":{connection.port}" if connection.port else ""
        return address._replace(netloc=f"{address.netloc}{port}").geturl()

    def test_connection(self) -> tuple[bool, str]:
        """Ask the server for an experiment; used by Airflow's connection form."""
        from stageline.tracking.reaching import reaching

        try:
            with reaching(self.tracking_uri()) as client:
                client.search_experiments(max_results=1)
        except StagelineError as error:
            return False, str(error)
        return True, "MLflow answered"

    @classmethod
    def default_tracking_uri(cls) -> str | None:
        """Return the address of the connection `mlflow_default`, or none if there is no such connection."""
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            return cls().tracking_uri()
        except AirflowNotFoundException:
            return None
