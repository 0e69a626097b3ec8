"""Registered models and their aliases in MLflow: names for what the ledger decided, never the decision itself."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

CHAMPION, CHALLENGER = "champion", "challenger"
_DIGEST_TAG = "stageline.digest"
_SET_AGAIN = 5


def register_version(client: "MlflowClient", name: str, *, model: str, mlflow_run: str, tags: Mapping[str, str]) -> int:
    """Return the number of a model's version, registered on the first call.

    Two live copies of a task may both register: of versions of one run and digest, the lowest is meant.

    :param name: Name of the registered model: the pipeline's.
    :param model: MLflow's id of the logged model.
    :param tags: With `stageline.digest`, which names the file.
    """
    from mlflow.exceptions import MlflowException

    if (known := _version_of(client, name, mlflow_run, tags[_DIGEST_TAG])) is not None:
        return known
    try:
        client.create_registered_model(name, tags={"stageline.pipeline": name})
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = client.create_model_version(name, f"models:/{model}", run_id=mlflow_run, tags=dict(tags), model_id=model)
    known = _version_of(client, name, mlflow_run, tags[_DIGEST_TAG])
    return int(made.version) if known is None else known


def alias_version(client: "MlflowClient", name: str, alias: str) -> int | None:
    """Return the version an alias points to, or none."""
    from mlflow.exceptions import MlflowException

    try:
        return int(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        if error.get_http_status_code() in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
            return None
        raise


def has_version(client: "MlflowClient", name: str, version: int) -> bool:
    """Return whether a version is still registered."""
    from mlflow.exceptions import MlflowException

    try:
        client.get_model_version(name, str(version))
    except MlflowException as error:
        if error.get_http_status_code() == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True


def point_alias(client: "MlflowClient", name: str, alias: str, version: int) -> bool:
    """Point an alias to a version and read it back; false if others keep moving it."""
    for _ in range(_SET_AGAIN):
        if alias_version(client, name, alias) == version:
            return True
        client.set_registered_model_alias(name, alias, str(version))
    return alias_version(client, name, alias) == version


def _version_of(client: "MlflowClient", name: str, mlflow_run: str, digest: str) -> int | None:
    quoted = name.replace("'", "''")
    found = client.search_model_versions(f"name = '{quoted}' and run_id = '{mlflow_run}'")
    return min((int(each.version) for each in found if each.tags.get(_DIGEST_TAG) == digest), default=None)
