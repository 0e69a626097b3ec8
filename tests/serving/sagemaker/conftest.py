"""A fake of AWS, and models whose files are there."""

import pytest
from aws_server import served_aws
from sagemaker_case import Case
from sklearn.linear_model import Ridge

from stageline.ledger import ModelVersion
from stageline.training import save_model


@pytest.fixture(scope="session")
def model_files(tmp_path_factory):
    """Return three models by version: their records and where their files lie."""
    folder = tmp_path_factory.mktemp("models")
    found = {}
    for number in (1, 2, 3):
        path = folder / f"{number}.skops"
        digest = save_model(Ridge(alpha=number).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]), path)
        version = ModelVersion(version=number, uri=str(path), digest=digest, mlflow_run="r", snapshot=0, dag_run="d/r")
        found[number] = (version, path)
    return found


@pytest.fixture(scope="session")
def empty_aws():
    with served_aws() as empty:
        yield empty


@pytest.fixture
def aws(empty_aws):
    fake = empty_aws()
    yield fake
    assert not fake.problems


@pytest.fixture
def case(aws, model_files):
    return Case(aws, model_files)
