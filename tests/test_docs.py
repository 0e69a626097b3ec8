import subprocess
import sys

from own_airflow import ROOT


def test_the_pages_build_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "-d", tmp_path / "trees"]
    done = subprocess.run([*command, ROOT / "docs", tmp_path / "pages"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
