"""Reading a DAG file must not pay for libraries that only its tasks need."""

import json
import os
import subprocess
import sys

import pytest
from own_airflow import ROOT

from stageline.spec import Stage, load_spec

HEAVY = {
    "altair", "deltalake", "duckdb", "great_expectations", "mlflow", "numpy", "pandas", "pyarrow", "scipy", "skops",
    "sklearn",
}  # fmt: skip

CODE = """
import json, runpy, sys
import airflow.sdk
from airflow.sdk import DAG, BaseHook, BaseOperator, BaseOperatorLink, TaskGroup
before = set(sys.modules)
namespace = runpy.run_path(sys.argv[1]) if len(sys.argv) > 1 else {}
print(json.dumps([
    sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
    sum(isinstance(value, DAG) for value in namespace.values()),
]))
"""


def loaded_by(*arguments, tmp_path):
    environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    command = [sys.executable, "-c", CODE, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    modules, dags = json.loads(done.stdout.splitlines()[-1])
    return set(modules), dags


@pytest.mark.parametrize("file", sorted((ROOT / "dags").rglob("*.py")), ids=lambda path: path.name)
def test_nothing_heavy_is_imported(file, tmp_path):
    modules, dags = loaded_by(file, tmp_path=tmp_path)
    assert "stageline" in modules
    assert modules & HEAVY == set()
    if file.name == "stageline_dags.py":
        specs = [load_spec(path).spec for path in (ROOT / "config/pipelines").glob("*.yaml")]
        of_each = {Stage.POC: 1, Stage.PILOT: 5, Stage.PRODUCTION: 6}
        assert dags == sum(of_each[spec.stage] for spec in specs)
