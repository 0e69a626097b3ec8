"""Reaching MLflow: with bounds on time, and with errors that say what is wrong but no password."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from stageline.exceptions import TrackingError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Without bounds of our own, one call to a dead server takes four minutes.
_RETRIES, _CALL_SECONDS = 3, 10
_CONNECT_SECONDS = 10
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_SHOWN_CHARACTERS = 300
RENEW = "it does not accept these credentials: renew them (MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN)"
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
# What a store answers that is up, but does not agree.
_NOT_LET_IN = ("UNAUTHENTICATED", "PERMISSION_DENIED")
_ANSWERS = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "INVALID_STATE")


@contextmanager
def reaching(uri: str) -> "Iterator[MlflowClient]":
    """Yield a client of the store; what goes wrong with MLflow inside becomes a `TrackingError`.

    :param uri: Tracking URI.
    :raises TrackingError: MLflow cannot be reached, or refuses.
    """
    for name, value in {**_call_bounds(_RETRIES, _CALL_SECONDS), **_QUIET}.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        _require_database(uri)
        client = MlflowClient(tracking_uri=uri)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise _tracking_error(uri, error) from cause_without_credentials(error)
    try:
        yield client
    except (MlflowException, RequestException, SQLAlchemyError) as error:
        raise _tracking_error(uri, error) from cause_without_credentials(error)


def bound_calls(*, retries: int, seconds: int) -> None:
    """Bound this process's further calls to an MLflow server.

    :param seconds: How long one call may take.
    """
    os.environ.update(_call_bounds(retries, seconds))


def _call_bounds(retries: int, seconds: int) -> dict[str, str]:
    return {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(retries), "MLFLOW_HTTP_REQUEST_TIMEOUT": str(seconds)}


def shown_uri(uri: str) -> str:
    """Return the address without credentials and options."""
    return without_credentials(uri.partition("?")[0])


def without_credentials(text: str) -> str:
    """Return the text with user and password cut out of its addresses."""
    return _CREDENTIALS.sub("//", text)


def not_let_in(error: Exception) -> bool:
    """Return whether a server refused who asked, not what was asked."""
    answer = getattr(error, "response", None)
    status = None if answer is None else answer.status_code
    return (
        status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or getattr(error, "error_code", None) in _NOT_LET_IN
    )


def cause_without_credentials(error: Exception) -> Exception | None:
    """Return the error to raise from, or none: a log prints it, and MLflow's own quote the address."""
    return None if _CREDENTIALS.search(str(error)) else error


@cache
def _require_database(uri: str) -> None:
    """Connect once ourselves: MLflow tries ten times, ever slower, for over a minute and a half."""
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme not in ("sqlite", "postgresql", "mysql"):
        return
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.pool import NullPool

    file = make_url(uri).database
    if scheme == "sqlite" and file:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    options = {} if scheme == "sqlite" else {"connect_timeout": _CONNECT_SECONDS}
    engine = create_engine(uri, poolclass=NullPool, connect_args=options)
    engine.connect().close()
    engine.dispose()


def _tracking_error(uri: str, error: Exception) -> TrackingError:
    words = without_credentials(str(error).strip().partition("\n")[0])[:_SHOWN_CHARACTERS] or type(error).__name__
    if not_let_in(error):
        hint = f"; {RENEW}"
    elif getattr(error, "error_code", None) in _ANSWERS:
        hint = ""
    else:
        hint = "; is the server up, and is [stageline] mlflow_tracking_uri right?"
    return TrackingError(f"MLflow at {shown_uri(uri)}: {words}{hint}")
