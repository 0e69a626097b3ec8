"""What Airflow's provider manager reads, and what it makes of it."""

import json
import os
import subprocess
import sys
from importlib.resources import files

import own_airflow
import pytest

from stageline.provider import get_provider_info


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    """Return a function that runs the command `airflow`."""
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow"))}

    def run(*arguments):
        command = [sys.executable, "-m", "airflow", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    return run


def test_the_provider_info_is_valid():
    import jsonschema

    schema = json.loads(files("airflow").joinpath("provider_info.schema.json").read_text("utf-8"))
    jsonschema.validate(get_provider_info(), schema)


def test_airflow_shows_the_options(airflow):
    shown = airflow("config", "list", "--section", "stageline", "--include-descriptions")
    assert shown.startswith("[stageline]")
    for option in get_provider_info()["config"]["stageline"]["options"]:
        assert f"\n{option} =" in shown or f"\n# {option} =" in shown


def test_every_option_is_read():
    text = (own_airflow.ROOT / "plugins/stageline/operators/configuration.py").read_text("utf-8")
    for option in get_provider_info()["config"]["stageline"]["options"]:
        assert f'"{option}"' in text


def test_airflow_knows_the_provider(airflow):
    (provider,) = [
        each for each in json.loads(airflow("providers", "list", "-o", "json"))
        if each["package_name"] == "airflow-provider-stageline"
    ]  # fmt: skip
    assert provider["version"] == get_provider_info()["versions"][0]


def test_airflow_knows_the_connection_type(airflow):
    hooks = {each["connection_type"]: each for each in json.loads(airflow("providers", "hooks", "-o", "json"))}
    assert hooks["mlflow"]["class"] == "stageline.hooks.mlflow.MlflowHook"
    assert hooks["mlflow"]["conn_id_attribute_name"] == "mlflow_conn_id"
