"""Models as skops files: written with a digest, loaded only if digest and types are the ones trusted."""

import hashlib
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stageline.exceptions import ArtifactError

# scikit-learn's own types that skops does not trust by default. The list is ours: the one that MLflow
# keeps beside an artifact can be edited together with the artifact.
TRUSTED_TYPES = (
    "functools.partial",  # what it wraps is checked too
    "numpy.dtype",
    "sklearn._loss.loss.HalfGammaLoss",
    "sklearn._loss.loss.HalfPoissonLoss",
    "sklearn._loss.loss.HalfTweedieLoss",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.DotProduct",
    "sklearn.gaussian_process.kernels.ExpSineSquared",
    "sklearn.gaussian_process.kernels.Exponentiation",
    "sklearn.gaussian_process.kernels.Matern",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.RationalQuadratic",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.metrics._dist_metrics.ChebyshevDistance64",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
)


def save_model(model: Any, path: Path, *, trusted_types: Collection[str] = ()) -> str:
    """Write a model and return the file's `sha256:…`.

    :param trusted_types: Import paths of types to trust beside our own list.
    :raises ArtifactError: The model holds a type nobody trusts, or one that skops cannot write.
    """
    import skops.io

    try:
        with _quiet():
            data = skops.io.dumps(model)
    except (TypeError, NotImplementedError, AttributeError) as error:
        raise ArtifactError(f"a {type(model).__name__} cannot be written in the skops format: {error}") from error
    _require_trusted(data, path.name, trusted_types)
    path.write_bytes(data)
    return _digest(data)


def load_model(path: Path, *, digest: str, trusted_types: Collection[str] = ()) -> Any:
    """Load a model that is, byte for byte, the one recorded.

    :param digest: The `sha256:…` recorded at training.
    :param trusted_types: Import paths of types to trust beside our own list.
    :raises ArtifactError: Another digest, or a type nobody trusts.
    """
    import skops.io

    # Read once: what is digested is what is checked and loaded.
    data = path.read_bytes()
    found = _digest(data)
    if found != digest:
        raise ArtifactError(
            f"{path.name!r} has digest {found}, recorded at training was {digest}: the artifact was changed "
            "or replaced; train again"
        )
    trusted = _require_trusted(data, path.name, trusted_types)
    with _quiet():
        return skops.io.loads(data, trusted=trusted)


def digest_file(path: Path) -> str:
    """Return the `sha256:…` of a file's bytes."""
    return _digest(path.read_bytes())


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _require_trusted(data: bytes, name: str, extra: Collection[str]) -> list[str]:
    import skops.io

    with _quiet():
        asked = list(skops.io.get_untrusted_types(data=data))
    unknown = sorted(set(asked) - {*TRUSTED_TYPES, *extra})
    if unknown:
        raise ArtifactError(
            f"{name!r} holds types nobody trusts: {', '.join(unknown)}; if they are yours, list them in "
            "[stageline] trusted_types"
        )
    return asked


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence modules that warn about old names when skops looks a ufunc up in all of them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
