"""A whole Airflow and an MLflow server on 127.0.0.1 for one project folder: started, watched, stopped."""

from stageline.standalone.errors import StandaloneError
from stageline.standalone.home import Home
from stageline.standalone.lifecycle import Status, start, status, stop
from stageline.standalone.state import Running

__all__ = ["Home", "Running", "StandaloneError", "Status", "start", "status", "stop"]
