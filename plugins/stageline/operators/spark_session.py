"""The Spark session of a task: the one that is there, or one of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stageline.exceptions import SourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@contextmanager
def spark_session(*, instead: str) -> "Iterator[SparkSession]":
    """Yield the session that is there, or one of its own, which ends with the `with` block.

    :param instead: The engine that needs no Spark, for the error's advice.
    :raises SourceError: PySpark or Java is missing, or no session can be made.
    """
    needs = "engine 'spark' needs PySpark and Java"
    advice = f"install airflow-provider-stageline[spark] and Java 17, or use engine {instead!r}"
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise SourceError(f"{needs}; {advice}") from error
    if active := SparkSession.getActiveSession():
        yield active
        return
    quiet = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
    try:
        session = SparkSession.builder.appName("stageline").config(map=quiet).getOrCreate()
    except (Py4JError, PySparkException, OSError) as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SourceError(f"{needs}: no session can be made: {words}; {advice}") from error
    try:
        _use_this_python(session)
        yield session
    finally:
        session.stop()


def _use_this_python(session: "SparkSession") -> None:
    """Have local tasks run in the environment of this process, where Spark would take the first `python3` it finds."""
    if "PYSPARK_PYTHON" in os.environ:
        return
    # A session over Spark Connect has no context, and its tasks run elsewhere.
    context = getattr(session, "_sc", None)
    if context is not None and context.master.startswith("local"):
        context.pythonExec = sys.executable
