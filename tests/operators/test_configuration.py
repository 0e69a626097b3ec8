from pathlib import Path

import pytest

from stageline.exceptions import Refusal
from stageline.ledger.urls import parse_url
from stageline.operators.configuration import load_settings


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "stageline"


def test_everything_is_below_airflows_home_by_default(home):
    settings = load_settings()

    assert settings.home == home
    assert settings.ledger_url == f"sqlite:///{home}/ledger.db"
    assert settings.tables == home / "tables"
    assert settings.tracking_uri == f"sqlite:///{home}/mlflow.db"
    assert settings.tracking_ui is None
    assert settings.pipelines is None
    assert settings.trusted_types == ()


def test_options_win(home, monkeypatch):
    monkeypatch.setenv("STAGELINE_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW_CONN_MLFLOW_DEFAULT", "mlflow://other:5000")
    monkeypatch.setenv("AIRFLOW_CONN_STAGELINE_LEDGER", "postgres://other/ledger")
    for option, value in {
        "HOME": "~/here",
        "LEDGER": "sqlite:////tmp/other.db",
        "TABLES": "~/tables",
        "MLFLOW_TRACKING_URI": "http://mlflow:5000",
        "MLFLOW_UI_URL": "https://mlflow.example.com",
        "PIPELINES_FOLDER": "/specs",
        "TRUSTED_TYPES": "a.B, c.D,",
    }.items():
        monkeypatch.setenv(f"AIRFLOW__STAGELINE__{option}", value)

    settings = load_settings()

    assert settings.home == Path.home() / "here"
    assert settings.ledger_url == "sqlite:////tmp/other.db"
    assert settings.tables == Path.home() / "tables"
    assert settings.tracking_uri == "http://mlflow:5000"
    assert settings.tracking_ui == "https://mlflow.example.com"
    assert settings.pipelines == Path("/specs")
    assert settings.trusted_types == ("a.B", "c.D")


def test_stageline_home_comes_before_airflows(home, monkeypatch):
    monkeypatch.setenv("STAGELINE_HOME", "relative")
    assert load_settings().home == Path.cwd() / "relative"


def test_connections_come_before_the_embedded_stores(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://from-the-environment:5000")
    assert load_settings().tracking_uri == "http://from-the-environment:5000"
    monkeypatch.setenv("AIRFLOW_CONN_MLFLOW_DEFAULT", "mlflow://server:5000")
    assert load_settings().tracking_uri == "http://server:5000"


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        ("postgres://user:p%40ss%2Fword%3A@db:5432/ledger", "postgresql://user:p%40ss%2Fword%3A@db:5432/ledger"),
        ("postgres://db/ledger", "postgresql://db/ledger"),
        ("postgresql://u%40corp@db/ledger?sslmode=require&cursor=x", "postgresql://u%40corp@db/ledger?sslmode=require"),
        ('{"conn_type": "postgres", "host": "::1", "schema": "ledger"}', "postgresql://[::1]/ledger"),
    ],
)
def test_the_ledgers_connection(home, monkeypatch, connection, url):
    monkeypatch.setenv("AIRFLOW_CONN_STAGELINE_LEDGER", connection)
    assert load_settings().ledger_url == url


def test_the_ledgers_password_arrives_whole(home, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_STAGELINE_LEDGER", "postgres://user:p%40ss%2Fw%25rd@db/ledger")
    arrived = parse_url(load_settings().ledger_url).password
    assert arrived == "p@ss/w%rd"


@pytest.mark.parametrize("connection", ["mysql://user:secret@db/ledger", "postgres://user:secret@db", "postgres://"])
def test_a_ledgers_connection_that_cannot_hold_one_is_refused(home, monkeypatch, connection):
    monkeypatch.setenv("AIRFLOW_CONN_STAGELINE_LEDGER", connection)
    with pytest.raises(Refusal, match=r"connection 'stageline_ledger'.*expected a type 'postgres'") as refused:
        load_settings()
    assert "secret" not in str(refused.value)
