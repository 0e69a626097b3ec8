import importlib.util
import os
import subprocess
import sys

import pytest

OPEN = """
from stageline.exceptions import SourceError
from stageline.operators.spark_session import spark_session
try:
    with spark_session(instead="arrow"):
        print("opened")
except SourceError as error:
    print(error)
"""


@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="PySpark is not installed")
def test_java_that_is_not_there_is_one_sentence(tmp_path):
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "dirname", "sh", "env"):
        (tmp_path / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
    known = {name: value for name, value in os.environ.items() if name not in ("JAVA_HOME", "PATH")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", OPEN],
        env={**known, "PATH": str(tmp_path / "bin"), "AIRFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    (sentence,) = [line for line in done.stdout.splitlines() if "engine 'spark'" in line]
    assert sentence.startswith("engine 'spark' needs PySpark and Java: no session can be made: ")
    assert sentence.endswith("install airflow-provider-stageline[spark] and Java 17, or use engine 'arrow'")
