"""A real Airflow that is started once for long stories: spared is what they do not tell of.

Tasks import in seconds what their work takes a moment with, and DAG files are read again every few seconds though
nobody changes them. `test_deployment.py` starts Airflow as users do, and its tasks import what they need.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stageline.standalone import Home, Running, start, starting, stop

_LOADED = str(Path(__file__).with_name("loaded_scheduler"))
_SELDOM = {
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "600",
}


@contextmanager
def quick_airflow(project: Path, home: Home) -> Iterator[Running]:
    """Start Airflow and MLflow for a project whose DAG files stay as they are, and stop both at the end."""
    environment = starting.environment

    def quick(*given: Any, **named: Any) -> Mapping[str, str]:
        found = environment(*given, **named)
        path = os.pathsep.join(filter(None, (_LOADED, found.get("PYTHONPATH"))))
        return {**found, **_SELDOM, "PYTHONPATH": path}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starting, "environment", quick)
        running = start(project, home)
    try:
        yield running
    finally:
        stop(home)
