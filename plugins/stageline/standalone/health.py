"""Ask the servers whether they are ready."""

from typing import Any

import httpx

_SECONDS = 5.0
_AIRFLOW_PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")


def local_client(**options: Any) -> httpx.Client:
    """Return a client for servers on 127.0.0.1: no proxy of the environment stands between."""
    return httpx.Client(trust_env=False, timeout=_SECONDS, **options)


def mlflow_is_healthy(client: httpx.Client, url: str) -> bool:
    """Return whether the MLflow server answers."""
    answer = _get(client, f"{url}/health")
    return answer is not None and answer.is_success


def airflow_is_healthy(client: httpx.Client, url: str) -> bool:
    """Return whether the web server answers and all other parts of Airflow show signs of life."""
    answer = _get(client, f"{url}/api/v2/monitor/health")
    if answer is None or not answer.is_success:
        return False
    parts: dict[str, dict[str, Any] | None] = answer.json()
    return all((parts.get(name) or {}).get("status") == "healthy" for name in _AIRFLOW_PARTS)


def _get(client: httpx.Client, url: str) -> httpx.Response | None:
    try:
        return client.get(url)
    except httpx.TransportError:
        return None
