"""The plugin loads whether Stageline is installed, lies in the plugins folder, or both."""

import json
import os
import subprocess
import sys

import pytest
from own_airflow import ROOT

# What hides the installed distribution: Airflow then finds neither its entry points nor its code.
HIDE = """
import importlib_metadata, importlib.metadata, sys

def hide(metadata):
    everything = metadata.Distribution.discover.__func__
    def discover(cls, **query):
        return (dist for dist in everything(cls, **query) if dist.metadata["Name"] != "airflow-provider-stageline")
    metadata.Distribution.discover = classmethod(discover)

hide(importlib_metadata), hide(importlib.metadata)
sys.path[:] = [folder for folder in sys.path if folder != {plugins!r}]
"""

LOAD = """
import json, sys
from pathlib import Path
import airflow
from airflow import plugins_manager
import stageline.plugin
plugins, errors = plugins_manager._get_plugins()
print(json.dumps({
    "names": [plugin.name for plugin in plugins],
    "sources": [type(plugin.source).__name__ for plugin in plugins if plugin.name == "stageline"],
    "errors": errors,
    "top_level": sorted({path.stem for path in Path(sys.argv[1]).rglob("*.py")} & set(sys.modules)),
    "stageline": stageline.plugin.__file__,
}))
"""


def load(tmp_path, *, folder, installed):
    plugins = ROOT / "plugins"
    (tmp_path / "empty").mkdir()
    (tmp_path / "hidden").mkdir()
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins if folder else tmp_path / "empty"),
    }
    if not installed:
        (tmp_path / "hidden/sitecustomize.py").write_text(HIDE.format(plugins=str(plugins)), encoding="utf-8")
        environment["PYTHONPATH"] = str(tmp_path / "hidden")
    code = LOAD if folder or installed else LOAD.replace("import stageline.plugin\n", "")
    done = subprocess.run(
        [sys.executable, "-c", code, str(plugins / "stageline")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("folder", "installed", "source"),
    [
        (True, False, "PluginsDirectorySource"),
        (False, True, "EntryPointSource"),
        (True, True, "EntryPointSource"),
    ],
    ids=["folder only", "installed only", "both"],
)
def test_the_plugin_is_there_once(tmp_path, folder, installed, source):
    loaded = load(tmp_path, folder=folder, installed=installed)

    assert loaded["names"].count("stageline") == 1
    assert loaded["sources"] == [source]
    assert loaded["errors"] == {}
    # .airflowignore keeps Airflow from executing the package's files as modules of their own. The few names
    # that are left are modules of the standard library and of Airflow's dependencies.
    assert {"verdicts", "settings", "cli", "provider", "gate", "models", "poc", "local_run"} & set(
        loaded["top_level"]
    ) == set()
