"""Settings from Airflow: the `[stageline]` section, then connections, then the embedded defaults."""

import os
from pathlib import Path

from stageline.operators.database import database_url
from stageline.settings import Settings

LEDGER_CONNECTION = "stageline_ledger"
SECTION = "stageline"


def load_settings() -> Settings:
    """Return where this deployment keeps things.

    An option that is set wins over a connection (`stageline_ledger`, `mlflow_default`), and that over the
    embedded stores below `[stageline] home`.

    :raises Refusal: A connection does not say where its server is.
    """
    from stageline.hooks.mlflow import MlflowHook

    home = _folder(_option("home") or os.environ.get("STAGELINE_HOME")) or _airflow_home() / "stageline"
    return Settings(
        home=home,
        ledger_url=_option("ledger") or database_url(LEDGER_CONNECTION) or f"sqlite:///{home / 'ledger.db'}",
        tables=_folder(_option("tables")) or home / "tables",
        tracking_uri=(
            _option("mlflow_tracking_uri")
            or MlflowHook.default_tracking_uri()
            or os.environ.get("MLFLOW_TRACKING_URI")
            or f"sqlite:///{home / 'mlflow.db'}"
        ),
        tracking_ui=_option("mlflow_ui_url") or None,
        airflow_ui=_airflow_ui(),
        pipelines=_folder(_option("pipelines_folder")),
        trusted_types=tuple(_list_option("trusted_types")),
        notifier=_option("notifier"),
        notifier_arguments=_option("notifier_arguments"),
    )


def _option(name: str) -> str:
    from airflow.sdk.configuration import conf

    return str(conf.get(SECTION, name, fallback="") or "").strip()


def _list_option(name: str) -> list[str]:
    return [item.strip() for item in _option(name).split(",") if item.strip()]


def _folder(path: str | None) -> Path | None:
    # Absolute: each of Airflow's processes has its own working directory.
    return Path(path).expanduser().absolute() if path else None


def _airflow_home() -> Path:
    return Path(os.environ.get("AIRFLOW_HOME", "~/airflow")).expanduser().absolute()


def _airflow_ui() -> str | None:
    from airflow.sdk.configuration import conf

    return (conf.get("api", "base_url", fallback="") or "").rstrip("/") or None
