"""What Airflow's provider manager is told: connection type and options."""

from typing import Any

from stageline import __version__


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata; entry point `apache_airflow_provider`."""
    return {
        "package-name": "airflow-provider-stageline",
        "name": "Stageline",
        "description": "Staged ML pipelines: one YAML file per pipeline, every decision a verdict with evidence.",
        "versions": [__version__],
        "connection-types": [
            {
                "connection-type": "mlflow",
                "hook-class-name": "stageline.hooks.mlflow.MlflowHook",
                "hook-name": "MLflow",
                "ui-field-behaviour": {
                    "hidden-fields": ["schema"],
                    "relabeling": {"login": "User", "host": "Tracking server"},
                    "placeholders": {"host": "http://127.0.0.1", "port": "5000"},
                },
                "conn-fields": {
                    "token": {
                        "label": "Bearer token",
                        "schema": {"type": ["string", "null"], "format": "password"},
                    },
                },
            }
        ],
        "config": {"stageline": {"description": "Where Stageline keeps and finds things.", "options": _OPTIONS}},
    }


def _option(description: str, example: str, *, sensitive: bool = False) -> dict[str, Any]:
    return {
        "description": description,
        "version_added": "0.1.0",
        "type": "string",
        "example": example,
        "default": "",
        "sensitive": sensitive,
    }


_OPTIONS = {
    "home": _option(
        "Root of the embedded ledger, tables and MLflow store. Default: $STAGELINE_HOME, then $AIRFLOW_HOME/stageline.",
        "/var/lib/stageline",
    ),
    "ledger": _option(
        "SQLAlchemy URL of the ledger. Default: the connection stageline_ledger, then SQLite below home.",
        "postgresql://stageline@db/stageline",
        sensitive=True,
    ),
    "tables": _option("Root folder of the Delta tables. Default: tables below home.", "/data/stageline"),
    "mlflow_tracking_uri": _option(
        "MLflow's tracking URI. Default: the connection mlflow_default, then $MLFLOW_TRACKING_URI, then SQLite "
        "below home.",
        "http://mlflow:5000",
    ),
    "mlflow_ui_url": _option(
        "Address at which people open MLflow; with it, tasks link to runs and reports.",
        "https://mlflow.example.com",
    ),
    "pipelines_folder": _option(
        "Folder of the specs. Default: config/pipelines, looked for in the folders above the DAG's file.",
        "/opt/airflow/config/pipelines",
    ),
    "trusted_types": _option(
        "Import paths of Python types that a model file may hold beside scikit-learn's, separated by commas.",
        "my_team.transformers.LagFeatures",
    ),
    "notifier": _option(
        "Import path of the Airflow notifier class that tells of incidents. Default: the task's log does.",
        "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
    ),
    "notifier_arguments": _option(
        "The notifier's arguments, a JSON object. Its texts are templates of Airflow that know the alert beside the "
        "task's context: title, text, html, owner, role, state, severity, pipeline, url.",
        '{"to": "{{ alert.owner }}", "subject": "{{ alert.title }}", "html_content": "{{ alert.html }}"}',
    ),
}
