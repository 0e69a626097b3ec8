"""Silence about names that Airflow moved, while skops looks for a name in every loaded module."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_search() -> Iterator[None]:
    """Keep some thousand warnings about Airflow's old names out of the task's log."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"The `airflow\.", category=FutureWarning)
        yield
