import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
EXPLAINED = (ROOT / "config" / "airflow.env").read_text(encoding="utf-8")
SECRETS = {"POSTGRES_PASSWORD", "AIRFLOW_FERNET_KEY", "AIRFLOW_JWT_SECRET", "AIRFLOW_API_SECRET_KEY"}

# `$$` is compose's way to write a dollar sign for the shell in the container.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<operator>:\?|:-|\}|[^}])")
AIRFLOW = [name for name in SERVICES if name.startswith("airflow-") or name == "flower"]


def used_variables():
    return {(found["name"], found["operator"]) for found in VARIABLE.finditer(TEXT)}


@pytest.mark.parametrize(
    ("service", "port"),
    [(name, port) for name, service in SERVICES.items() for port in service.get("ports", ())],
)
def test_every_published_port_is_on_loopback(service, port):
    assert port.startswith("127.0.0.1:"), f"{service} publishes {port}"


def test_airflow_and_mlflow_are_published():
    assert SERVICES["airflow-apiserver"]["ports"] == ["127.0.0.1:${AIRFLOW_PORT:-8080}:8080"]
    assert SERVICES["mlflow"]["ports"] == ["127.0.0.1:${MLFLOW_PORT:-5000}:5000"]


def test_every_secret_is_required_wherever_it_is_used():
    assert {(name, operator) for name, operator in used_variables() if name in SECRETS} == {
        (name, ":?") for name in SECRETS
    }


def test_every_other_variable_has_a_default():
    assert {operator for name, operator in used_variables() if name not in SECRETS} == {":-"}


@pytest.mark.parametrize("name", sorted({name for name, _ in used_variables()}))
def test_every_variable_is_explained(name):
    lines = EXPLAINED.splitlines()
    at = next((number for number, line in enumerate(lines) if line.startswith(f"{name}=")), None)
    assert at is not None, f"config/airflow.env does not name {name}"
    above = next(line for line in reversed(lines[:at]) if not re.match(r"\w+=", line))
    assert above.startswith("# ")


def test_the_example_names_nothing_else_and_holds_no_secret():
    named = dict(re.findall(r"^(\w+)=(.*)$", EXPLAINED, flags=re.MULTILINE))
    assert set(named) == {name for name, _ in used_variables()}
    assert {name for name, value in named.items() if not value} == SECRETS


def test_the_example_agrees_with_the_defaults():
    named = dict(re.findall(r"^(\w+)=(.*)$", EXPLAINED, flags=re.MULTILINE))
    for name, default in re.findall(r"(?<!\$)\$\{(\w+):-([^}]*)\}", TEXT):
        assert named[name] == default


@pytest.mark.parametrize(
    ("service", "needed", "condition"),
    [
        (name, needed, how["condition"])
        for name, service in SERVICES.items()
        for needed, how in service.get("depends_on", {}).items()
    ],
)
def test_who_is_waited_for_can_be_seen_to_be_healthy(service, needed, condition):
    if condition == "service_healthy":
        assert SERVICES[needed]["healthcheck"]["test"]
    else:
        assert condition == "service_completed_successfully"
        assert SERVICES[needed]["restart"] == "no"


def test_every_service_that_stays_has_a_healthcheck():
    staying = {name for name, service in SERVICES.items() if service.get("restart") != "no"}
    assert staying == {name for name in SERVICES if "healthcheck" in SERVICES[name]}


def test_the_parts_of_airflow_are_all_there():
    assert set(SERVICES) == {
        *("postgres", "redis", "mlflow", "flower"),
        *(f"airflow-{part}" for part in ("init", "apiserver", "scheduler", "dag-processor", "worker")),
        *(f"airflow-{part}" for part in ("triggerer", "cli")),
    }
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["airflow-cli", "flower"]


@pytest.mark.parametrize("name", AIRFLOW)
def test_what_a_team_writes_is_read_only_in_the_containers(name):
    for volume in SERVICES[name]["volumes"]:
        assert not volume.startswith("./") or volume.endswith(":ro"), volume


@pytest.mark.parametrize("name", AIRFLOW)
def test_all_parts_of_airflow_share_one_environment(name):
    variables = SERVICES[name]["environment"]
    assert variables["AIRFLOW__CORE__LOAD_EXAMPLES"] == "false"
    assert variables["AIRFLOW__STAGELINE__MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert variables["AIRFLOW_CONN_STAGELINE_LEDGER"].endswith("@postgres:5432/stageline")
    assert variables["AIRFLOW__CORE__FERNET_KEY"].startswith("${AIRFLOW_FERNET_KEY:?")


def test_airflow_mlflow_and_the_ledger_have_databases_of_their_own():
    made = (ROOT / "docker" / "databases.sql").read_text(encoding="utf-8")
    assert re.findall(r"CREATE DATABASE (\w+);", made) == ["mlflow", "stageline"]
    assert SERVICES["postgres"]["environment"]["POSTGRES_DB"] == "airflow"
    assert SERVICES["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"].endswith("/mlflow")


def test_mlflow_answers_only_to_the_names_it_is_called_by():
    (hosts,) = [part for part in SERVICES["mlflow"]["command"] if part.startswith("--allowed-hosts=")]
    assert hosts == "--allowed-hosts=mlflow:5000,localhost:*,127.0.0.1:*"


def test_every_mounted_volume_is_declared():
    mounted = {
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if not volume.startswith("./")
    }
    assert mounted == set(COMPOSE["volumes"])


def test_the_image_is_built_from_the_hashed_lock_and_runs_without_root():
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text(encoding="utf-8")
    assert "pip install --require-hashes --requirement requirements.txt" in dockerfile
    assert re.findall(r"^USER (.*)$", dockerfile, flags=re.MULTILINE) == ["50000:0"]
    for copied in re.findall(r"^COPY (.*) \S+$", dockerfile, flags=re.MULTILINE):
        for name in copied.split():
            assert name == "requirements.txt" or (ROOT / name).exists()


def test_compose_itself_accepts_the_file():
    if shutil.which("docker") is None:
        pytest.skip("there is no docker command here")
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("this docker command has no compose")
    environment = os.environ | dict.fromkeys(SECRETS, "x" * 64)
    command = ["docker", "compose", "--file", str(ROOT / "docker-compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
