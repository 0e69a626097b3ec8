"""Where a deployment keeps things, as plain values; `operators/configuration.py` fills them from Airflow."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The places of one deployment.

    :param home: Root of the embedded ledger, tables and MLflow store.
    :param ledger_url: SQLAlchemy URL of the ledger.
    :param tables: Root folder of the Delta tables.
    :param tracking_uri: MLflow's tracking URI.
    :param tracking_ui: Address at which people open MLflow; none where there is no server.
    :param airflow_ui: Address at which people open Airflow.
    :param pipelines: Folder of the specs; none: looked for above the DAG's file.
    :param trusted_types: Import paths of types that a model file may hold beside scikit-learn's.
    :param notifier: Import path of the Airflow notifier that tells of incidents; empty: the task's log does.
    :param notifier_arguments: Its arguments, a JSON object.
    """

    home: Path
    # Not in the repr: both may hold a password.
    ledger_url: str = field(repr=False)
    tables: Path
    tracking_uri: str = field(repr=False)
    tracking_ui: str | None = None
    airflow_ui: str | None = None
    pipelines: Path | None = None
    trusted_types: tuple[str, ...] = ()
    notifier: str = ""
    # Not in the repr: what a notifier takes may be a secret.
    notifier_arguments: str = field(default="", repr=False)
