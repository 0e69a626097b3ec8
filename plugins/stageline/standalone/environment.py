"""The environment that the local servers and their tasks run in."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from stageline.demo.calendar import CALENDARS
from stageline.standalone.home import Home
from stageline.standalone.keys import Keys
from stageline.standalone.ports import LOOPBACK
from stageline.standalone.processes import MARK
from stageline.standalone.state import Running

# A deployment's settings (its database, its MLflow, its ledger) must never reach a local trial.
_FOREIGN = ("AIRFLOW", "_AIRFLOW", "MLFLOW_", "_MLFLOW", "STAGELINE")


def loopback_hostname() -> str:
    """Return the name Airflow knows this machine by: no look-up, and never an address others can reach."""
    return "localhost"


def environment(
    running: Running, home: Home, keys: Keys, *, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the whole environment of the servers.

    :param inherited: What the caller's environment holds, by default this process's.
    """
    found = os.environ if inherited is None else inherited
    kept = {
        name: value
        for name, value in found.items()
        if not name.startswith(_FOREIGN) and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | _plain(running, kept) | _airflow(running, home, keys) | _stageline(running, home)


def _plain(running: Running, kept: Mapping[str, str]) -> dict[str, str]:
    # The interpreter's link is not followed: a virtual environment is the folder the link is in.
    programs = str(Path(sys.executable).absolute().parent)
    direct = ",".join(filter(None, (kept.get("NO_PROXY") or kept.get("no_proxy"), LOOPBACK, "localhost")))
    return {
        "PATH": os.pathsep.join(filter(None, (programs, kept.get("PATH")))),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": direct,
        "no_proxy": direct,
        MARK: running.token,
        # Airflow's processes rename themselves; without this they overwrite the mark above.
        "SPT_NOENV": "1",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        # Seven more processes for judging language models; nothing here uses them.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }


def _airflow(running: Running, home: Home, keys: Keys) -> dict[str, str]:
    port = running.airflow_url.rpartition(":")[2]
    settings = {
        "CORE__DAGS_FOLDER": str(running.project / "dags"),
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": "4",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__HOSTNAME_CALLABLE": f"{__name__}.{loopback_hostname.__name__}",
        "CORE__EXECUTION_API_SERVER_URL": f"{running.airflow_url}/execution/",
        "CORE__FERNET_KEY": keys.fernet_key,
        "API__HOST": LOOPBACK,
        "API__PORT": port,
        "API__BASE_URL": running.airflow_url,
        "API__SECRET_KEY": keys.api_secret_key,
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": keys.jwt_secret,
        # SQLite under load: wait for the lock rather than die of it.
        "DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.airflow / 'airflow.db'}?timeout=60",
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": _bundles(home),
        # Airflow forgets the import errors of specs at every refresh, and finds them again at the next parse.
        "DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
        "DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "SCHEDULER__ENABLE_HEALTH_CHECK": "False",
    }
    plugins = running.project / "plugins"
    if plugins.is_dir():
        settings["CORE__PLUGINS_FOLDER"] = str(plugins)
    named = {f"AIRFLOW__{name}": value for name, value in settings.items()}
    return named | {"AIRFLOW_HOME": str(home.airflow)}


def _bundles(home: Home) -> str:
    """Return Airflow's own folder of DAGs, and that of the demo's project within the home."""
    local = "airflow.dag_processing.bundles.local.LocalDagBundle"
    return json.dumps(
        [
            {"name": "dags-folder", "classpath": local, "kwargs": {}},
            {"name": "way-up", "classpath": local, "kwargs": {"path": str(home.way_up / "dags")}},
        ]
    )


def _stageline(running: Running, home: Home) -> dict[str, str]:
    return {
        "AIRFLOW__STAGELINE__HOME": str(home.stageline),
        "AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI": running.mlflow_url,
        "AIRFLOW__STAGELINE__MLFLOW_UI_URL": running.mlflow_url,
        CALENDARS: str(home.calendars),
    }
