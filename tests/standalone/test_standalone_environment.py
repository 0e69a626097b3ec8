import json
import sys
from pathlib import Path

import pytest

from stageline.standalone import Running
from stageline.standalone.commands import airflow_parts, mlflow_server
from stageline.standalone.environment import environment
from stageline.standalone.keys import keys_of
from stageline.standalone.processes import MARK


@pytest.fixture
def running(tmp_path, token):
    return Running(
        project=tmp_path, token=token, airflow_url="http://127.0.0.1:8081", mlflow_url="http://127.0.0.1:5001"
    )


def made(running, home, **inherited):
    return environment(running, home, keys_of(home), inherited=inherited)


@pytest.mark.parametrize(
    "name",
    [
        "AIRFLOW_CONN_STAGELINE_LEDGER",
        "AIRFLOW_CONFIG",
        "MLFLOW_TRACKING_URI",
        "MLFLOW_TRACKING_PASSWORD",
        "STAGELINE_HOME",
        "PYTHONDONTWRITEBYTECODE",
    ],
)
def test_settings_of_a_deployment_never_reach_a_local_trial(running, home, name):
    assert name not in made(running, home, **{name: "postgresql://production"})


def test_the_database_of_a_deployment_is_replaced_by_the_local_one(running, home):
    name = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
    local = made(running, home, **{name: "postgresql://production"})[name]
    assert local.startswith(f"sqlite:///{home.airflow / 'airflow.db'}")


def test_everything_else_is_kept(running, home):
    assert made(running, home, LANG="C.UTF-8")["LANG"] == "C.UTF-8"


def test_the_interpreters_programs_come_first(running, home):
    path = made(running, home, PATH="/usr/bin")["PATH"]
    assert path == f"{Path(sys.executable).absolute().parent}:/usr/bin"


@pytest.mark.parametrize("found", [{}, {"no_proxy": "example.com"}, {"NO_PROXY": "example.com"}])
def test_no_proxy_stands_before_the_local_servers(running, home, found):
    variables = made(running, home, **found)
    assert variables["NO_PROXY"] == variables["no_proxy"]
    assert variables["NO_PROXY"].split(",") == [*found.values(), "127.0.0.1", "localhost"]


def test_the_addresses_are_told(running, home):
    variables = made(running, home)
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert variables["AIRFLOW__API__PORT"] == "8081"
    assert variables["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"
    assert variables["AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5001"
    assert variables["AIRFLOW__STAGELINE__HOME"] == str(home.stageline)


def test_every_process_carries_the_mark_even_after_it_renamed_itself(running, home, token):
    variables = made(running, home)
    assert variables[MARK] == token
    assert variables["SPT_NOENV"] == "1"


def test_nothing_phones_home(running, home):
    variables = made(running, home)
    assert variables["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert variables["DO_NOT_TRACK"] == "1"
    assert variables["GX_ANALYTICS_ENABLED"] == "False"


def test_a_plugins_folder_counts_only_when_it_exists(running, home):
    name = "AIRFLOW__CORE__PLUGINS_FOLDER"
    assert name not in made(running, home)
    (running.project / "plugins").mkdir()
    assert made(running, home)[name] == str(running.project / "plugins")


def test_mlflow_listens_on_loopback_with_one_worker_and_keeps_all_in_its_home(running, home):
    command = mlflow_server(running, home)
    text = " ".join(command.arguments)
    assert "--host 127.0.0.1 --port 5001 --workers 1" in text
    assert f"--backend-store-uri sqlite:///{home.mlflow}/mlflow.db" in text
    assert f"--artifacts-destination {home.mlflow}/artifacts" in text
    assert command.folder == home.mlflow


def test_no_part_of_airflow_serves_its_logs_on_every_address(running):
    parts = {part.name: part.arguments for part in airflow_parts(running)}
    assert set(parts) == {"api-server", "scheduler", "dag-processor", "triggerer"}
    assert "--skip-serve-logs" in parts["scheduler"]
    assert "--skip-serve-logs" in parts["triggerer"]


def test_airflow_reads_the_project_of_the_way_up_beside_its_own_folder(running, home):
    own, other = json.loads(made(running, home)["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert (own["name"], own["kwargs"]) == ("dags-folder", {})
    assert other["kwargs"] == {"path": str(home.way_up / "dags")}
    assert Path(other["kwargs"]["path"]).is_dir()
