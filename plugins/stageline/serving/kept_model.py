"""A model as a file that any process may load, and what tells that the process predicts as this one does."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from stageline.exceptions import ArtifactError

# What rows and predictions go through.
_LIBRARIES = ("airflow-provider-stageline", "numpy", "pandas", "pyarrow", "scikit-learn")


@dataclass(frozen=True)
class KeptModel:
    """A file that holds a model.

    :param digest: The `sha256:…` recorded at training.
    :param trusted_types: Import paths of types to trust beside our own list.
    """

    path: Path
    digest: str
    trusted_types: tuple[str, ...] = ()

    def load(self) -> Any:
        """Return the model; a process loads the same one once.

        :raises ArtifactError: The file is not there, has another digest, or holds a type nobody trusts.
        """
        return _load(self)


@lru_cache(maxsize=1)
def _load(kept: KeptModel) -> Any:
    from stageline.training import load_model

    try:
        return load_model(kept.path, digest=kept.digest, trusted_types=kept.trusted_types)
    except OSError as error:
        raise ArtifactError(
            f"the model {kept.digest} cannot be read at {str(kept.path)!r}: {error.strerror or error}; the folder of "
            "tables has to be there on every executor"
        ) from error


def library_versions() -> dict[str, str]:
    """Return the versions of the libraries that rows and predictions go through, as this process has them."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def require_same_libraries(wanted: dict[str, str], found: dict[str, str]) -> None:
    """Refuse to predict with other libraries than the process that asks.

    :param wanted: Versions by name, of the process that asks.
    :param found: Those of the process that is asked.
    :raises ArtifactError: One differs.
    """
    differing = [
        f"{name} {found.get(name)} instead of {asked}" for name, asked in wanted.items() if found.get(name) != asked
    ]
    if differing:
        raise ArtifactError(
            f"an executor has {', '.join(differing)}: it might predict otherwise; install the same versions there"
        )
