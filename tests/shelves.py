"""Shelves of moments that many files go back to: each worker takes the steps that lead to one once.

A file that uses one of them belongs to the group of its name, so that one worker does.
"""

import pytest
from pilot_moments import MOMENTS, Shelf, Way
from production_project import PRODUCTION_MOMENTS

_made: dict[str, Shelf] = {}


def _shelf(name: str, ways: dict[str, Way], tmp_path_factory, mlflow_database) -> Shelf:
    # By name: what is a fixture in several folders' conftest.py is made once for each of them.
    if name not in _made:
        _made[name] = Shelf.make(tmp_path_factory.mktemp(name), mlflow_database, ways)
    return _made[name]


@pytest.fixture(scope="session")
def pilot_shelf(tmp_path_factory, mlflow_database) -> Shelf:
    """Give the moments of a pilot."""
    return _shelf("pilot", MOMENTS, tmp_path_factory, mlflow_database)


@pytest.fixture(scope="session")
def production_shelf(tmp_path_factory, mlflow_database) -> Shelf:
    """Give the same moments of a pipeline in production."""
    return _shelf("production", PRODUCTION_MOMENTS, tmp_path_factory, mlflow_database)
