"""The archive that SageMaker gives to a container: the model's file, and what says how to load it."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

from stageline.exceptions import ArtifactError
from stageline.training import load_model

# Raised when what an archive holds changes, so that models of an earlier recipe are not taken for these.
RECIPE = 1
DIGEST = "STAGELINE_MODEL_DIGEST"
MODEL_FOLDER = "/opt/ml/model"
_FILE = "model.skops"
_TYPES = "trusted_types.json"

# For MLflow's container. Without an `env` it loads the model with the libraries of the image, and installs nothing
# from the network when an instance starts. The types are those that we trust, not those that a stored file names.
_MLMODEL = """\
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: {file}
    predict_fn: predict
  sklearn:
    pickled_model: {file}
    serialization_format: skops
    skops_trusted_types: {types}
"""

# For AWS' scikit-learn container.
_SCRIPT = f'''\
"""Load the model for AWS' scikit-learn container."""

import json
import os

import skops.io


def model_fn(model_dir):
    with open(os.path.join(model_dir, "{_TYPES}")) as file:
        trusted = json.load(file)
    return skops.io.load(os.path.join(model_dir, "{_FILE}"), trusted=trusted)
'''


@dataclass(frozen=True)
class Archive:
    """A `model.tar.gz`: the same bytes for the same model, wherever the same version of zlib makes it.

    :param digest: 64 hexadecimal digits, the SHA-256 of the bytes.
    """

    data: bytes
    digest: str


def serving_environment() -> dict[str, str]:
    """Return what tells MLflow's and AWS' scikit-learn container where the model is, and how to load it."""
    return {
        "MLFLOW_DEPLOYMENT_FLAVOR_NAME": "python_function",
        "MLFLOW_DISABLE_ENV_CREATION": "true",
        "SERVING_ENVIRONMENT": "SageMaker",
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": f"{MODEL_FOLDER}/code",
    }


def pack(path: Path, *, digest: str, trusted_types: tuple[str, ...] = ()) -> Archive:
    """Return the archive of a model's file.

    :param digest: The `sha256:…` recorded at training.
    :param trusted_types: Import paths of types to trust beside our own list.
    :raises ArtifactError: The file is another one, cannot be read, or holds a type nobody trusts.
    """
    import skops.io

    try:
        load_model(path, digest=digest, trusted_types=trusted_types)
        data = path.read_bytes()
    except OSError as error:
        raise ArtifactError(
            f"the model {digest} cannot be read at {str(path)!r}: {error.strerror or error}; run the step again"
        ) from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        raise ArtifactError(f"{path.name!r} changed while it was read; run the step again")
    types = json.dumps(sorted(skops.io.get_untrusted_types(data=data)))
    packed = _tar(
        {
            "MLmodel": _MLMODEL.format(file=_FILE, types=types).encode(),
            "code/inference.py": _SCRIPT.encode(),
            _FILE: data,
            _TYPES: types.encode(),
        }
    )
    return Archive(packed, hashlib.sha256(packed).hexdigest())


def _tar(files: dict[str, bytes]) -> bytes:
    """Return a compressed tar without times, owners and names of the machine that makes it."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=packed, compresslevel=6, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
