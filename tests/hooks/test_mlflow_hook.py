import os
import socket

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest

from stageline.exceptions import Refusal
from stageline.hooks.mlflow import MlflowHook

CREDENTIALS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


@pytest.fixture
def connect(monkeypatch):
    """Return a function that declares the connection `mlflow_default` and gives a hook for it."""
    for name in CREDENTIALS:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)

    def declare(connection):
        monkeypatch.setenv("AIRFLOW_CONN_MLFLOW_DEFAULT", connection)
        return MlflowHook()

    return declare


@pytest.mark.parametrize(
    ("connection", "uri"),
    [
        ("mlflow://server:5000", "http://server:5000"),
        ('{"conn_type": "mlflow", "host": "https://server"}', "https://server"),
        ('{"conn_type": "mlflow", "host": "https://server/mlflow/", "port": 8443}', "https://server:8443/mlflow"),
        ('{"conn_type": "mlflow", "host": "server", "schema": "https"}', "https://server"),
    ],
)
def test_the_address(connect, connection, uri):
    assert connect(connection).tracking_uri() == uri
    assert MlflowHook.default_tracking_uri() == uri
    assert [name for name in CREDENTIALS if name in os.environ] == []


def test_credentials_go_to_the_environment_only(connect):
    hook = connect(
        '{"conn_type": "mlflow", "host": "h", "login": "ann", "password": "p@ss", "extra": {"token": "t0k"}}'
    )

    client = hook.get_conn()

    assert client.tracking_uri == "http://h"
    assert [os.environ[name] for name in CREDENTIALS] == ["ann", "p@ss", "t0k"]


@pytest.mark.parametrize(
    ("connection", "sentence"),
    [
        ("mlflow://", "connection 'mlflow_default' of type 'mlflow' has no host"),
        ('{"conn_type": "mlflow", "host": "https://ann:s3cret@h"}', "has credentials in its host"),
    ],
)
def test_an_incomplete_connection_is_refused(connect, connection, sentence):
    hook = connect(connection)
    with pytest.raises(Refusal, match=sentence) as refused:
        hook.tracking_uri()
    assert "s3cret" not in str(refused.value)
    assert hook.test_connection() == (False, str(refused.value))


def test_without_the_connection_there_is_no_address(monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_MLFLOW_DEFAULT", raising=False)
    assert MlflowHook.default_tracking_uri() is None


def test_the_form_says_what_is_wrong(connect, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    answered, message = connect(f"mlflow://127.0.0.1:{port}").test_connection()
    assert not answered
    assert message.startswith(f"MLflow at http://127.0.0.1:{port}: ")
