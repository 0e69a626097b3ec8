"""One MLflow store for all tests of this room: setting one up takes seconds."""

import pytest


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("mlflow")
