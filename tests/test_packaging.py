"""The wheel holds all that the package needs, and works without this repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import own_airflow
import pytest

from stageline import __version__

PACKAGE = own_airflow.ROOT / "plugins" / "stageline"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(folder),
        str(own_airflow.ROOT),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("stageline/")}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", str(PACKAGE)],
        cwd=own_airflow.ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    files = {name.removeprefix("plugins/") for name in tracked if (own_airflow.ROOT / name).is_file()}
    assert packed == files
    suffixes = {Path(name).suffix for name in packed}
    assert suffixes >= {".py", ".json", ".yaml", ".css", ".j2", ".txt"}
    assert any(name.startswith("stageline/ledger/migrations/versions/") for name in packed)


def test_the_wheel_is_called_and_registered_as_it_should(wheel):
    assert wheel.name == f"airflow_provider_stageline-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        info = f"airflow_provider_stageline-{__version__}.dist-info"
        points = archive.read(f"{info}/entry_points.txt").decode().split()
        metadata = archive.read(f"{info}/METADATA").decode()
        assert f"{info}/licenses/LICENSE" in archive.namelist()
    assert "Classifier: Framework :: Apache Airflow :: Provider" in metadata
    for section, point in (
        ("[console_scripts]", "stageline.cli:main"),
        ("[apache_airflow_provider]", "stageline.provider:get_provider_info"),
        ("[airflow.plugins]", "stageline.plugin:StagelinePlugin"),
    ):
        assert points[points.index(section) + 3] == point


def test_the_unpacked_wheel_works_by_itself(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = """
import sys, stageline
from stageline.costs import load_prices
from stageline.ledger import Ledger
from stageline.onboarding import init_pipeline
from pathlib import Path
assert stageline.__file__.startswith(sys.argv[1]), stageline.__file__
here = Path.cwd()
Ledger.open(f"sqlite:///{here / 'ledger.db'}").close()
init_pipeline(here, "flowers", "sklearn://iris", "target")
load_prices(here)
print(sorted(path.name for path in here.rglob("*") if path.is_file()))
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "site")],
        cwd=tmp_path / "work", env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "flowers.yaml" in done.stdout
    assert "stageline_dags.py" in done.stdout
