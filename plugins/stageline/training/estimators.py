"""From an import path in the YAML to a scikit-learn pipeline that takes numbers, texts and nulls."""

import difflib
import importlib
import inspect
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from stageline.exceptions import SpecError
from stageline.spec.metrics import METRICS
from stageline.spec.models import PipelineSpec, Task, Train

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

# A category seen less often than the 250 most frequent ones shares a rest: HistGradientBoosting takes 255.
_MAX_CATEGORIES = 250
_MAX_ONE_HOT = 50


def check_estimator(spec: PipelineSpec) -> None:
    """Refuse an estimator that does not exist, does not fit the task or the KPI, or not its parameters.

    :raises SpecError: With the key and the nearest valid name.
    """
    from sklearn.base import is_classifier, is_regressor

    path, metric = spec.train.estimator, spec.kpi.metric
    estimator = _make(spec.train)
    fits = is_regressor if spec.target.task is Task.REGRESSION else is_classifier
    if not fits(estimator):
        raise SpecError(f"train.estimator {path!r} does not do {spec.target.task.value}")
    try:
        estimator._validate_params()  # noqa: SLF001 - what fit asks first, asked before anything is written
    except ValueError as error:
        raise SpecError(f"train.params: {error}") from error
    if METRICS[metric].needs == "probability" and not hasattr(estimator, "predict_proba"):
        raise SpecError(
            f"kpi.metric {metric!r} needs probabilities, which {path} does not give with these parameters; "
            "choose another metric or estimator"
        )


def build_estimator(train: Train, numeric: Sequence[str], categorical: Sequence[str]) -> "Pipeline":
    """Return an unfitted pipeline: what the estimator cannot take is imputed and encoded before it.

    :param numeric: Names of numeric feature columns.
    :param categorical: Names of text feature columns.
    :raises SpecError: Unknown estimator or parameter.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OrdinalEncoder
    from sklearn.utils import get_tags

    estimator = _make(train)
    if not get_tags(estimator).input_tags.allow_nan:
        return Pipeline([("columns", impute_and_encode(numeric, categorical)), ("model", estimator)])
    own = estimator.get_params()
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=float("nan"),
        encoded_missing_value=float("nan"),
        # HistGradientBoosting takes at most as many categories as bins.
        max_categories=min(_MAX_CATEGORIES, own.get("max_bins", _MAX_CATEGORIES)),
    )
    columns = ColumnTransformer(
        [("numeric", "passthrough", list(numeric)), ("categorical", encoder, list(categorical))]
    )
    if categorical and "categorical_features" in own and "categorical_features" not in train.params:
        first = len(numeric)
        estimator.set_params(categorical_features=list(range(first, first + len(categorical))))
    return Pipeline([("columns", columns), ("model", estimator)])


def impute_and_encode(numeric: Sequence[str], categorical: Sequence[str]) -> "ColumnTransformer":
    """Return a transformer for estimators that take only complete numbers: median, scale, one-hot."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    texts = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=_MAX_ONE_HOT, sparse_output=False)
    return ColumnTransformer([("numeric", numbers, list(numeric)), ("categorical", texts, list(categorical))])


def _make(train: Train) -> Any:
    kind = _import_class(train.estimator)
    params: dict[str, Any] = dict(train.params)
    wanted = inspect.signature(kind).parameters
    needed = [name for name, each in wanted.items() if each.default is each.empty and each.kind is not each.VAR_KEYWORD]
    if needed:
        raise SpecError(
            f"train.estimator {train.estimator!r} is made from other estimators ({', '.join(needed)}), which YAML "
            "cannot name; write a training function (see dags/examples)"
        )
    known = kind().get_params()
    for name in params:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise SpecError(f"train.params.{name}: {train.estimator} has no such parameter; {hint}")
    if "random_state" in known:
        params.setdefault("random_state", train.seed)
    return kind(**params)


def _import_class(path: str) -> type:
    module, _, name = path.rpartition(".")
    known = _estimators()
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{_public_path(known[near[0]])}'?" if near else "use the path of a scikit-learn estimator"
    if name not in known or not f"{module}.".startswith("sklearn."):
        raise SpecError(f"train.estimator {path!r}: scikit-learn has no such estimator; {hint}")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except ImportError:
        found = None
    if found is not known[name]:
        raise SpecError(f"train.estimator {path!r}: {name} is not there; {hint}")
    return known[name]


@cache
def _estimators() -> dict[str, type]:
    """Return sklearn's own list by name: it keeps the YAML from importing anything that is no estimator."""
    from sklearn.utils.discovery import all_estimators

    return {kind.__name__: kind for _, kind in all_estimators(type_filter=["classifier", "regressor"])}


def _public_path(kind: type) -> str:
    public = [part for part in kind.__module__.split(".") if not part.startswith("_")]
    return ".".join([*public[:2], kind.__name__])
