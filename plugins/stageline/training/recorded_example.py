"""What training leaves for infra validation: some of its rows with the model's answers on them."""

import hashlib
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Self

from stageline.exceptions import ArtifactError, DataError

if TYPE_CHECKING:
    import pandas as pd

    from stageline.training.fit import TrainingRows

MOST_ROWS = 100
# What a model file needs to be read and to answer as it did.
_LIBRARIES = ("numpy", "pandas", "scikit-learn", "skops")
_KINDS = {"f": "float", "i": "integer", "u": "integer", "b": "boolean", "U": "text", "T": "text"}

# One value of a feature: a number, a text, or none where it is null.
Cell = float | str | None


@dataclass(frozen=True)
class ModelAnswer:
    """What a model said about some rows, as JSON values.

    :param kind: `float`, `integer`, `boolean` or `text`; anything else by NumPy's name.
    :param values: One value or class label per row.
    :param classes: The classes of a classifier, in the order of the columns of `probabilities`.
    :param probabilities: Probability per class, per row; none where the model gives no probabilities.
    """

    kind: str
    values: list[Any]
    classes: list[Any] | None = None
    probabilities: list[list[float]] | None = None


@dataclass(frozen=True)
class RecordedExample:
    """Training rows with the model's answers on them.

    **It holds values of real rows**, those of columns named in `source.private` too where they are features.
    It is kept in MLflow beside the model, so whoever may read the model's artifacts may read these rows.

    :param numeric: Names of the numeric features.
    :param categorical: Names of the text features.
    :param rows: At most 100 rows, spread evenly over the training rows; values in the order numeric, categorical.
    :param of: Number of training rows they were taken from.
    :param answer: What the model said about them when it was trained.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    of: int
    answer: ModelAnswer

    @classmethod
    def take(cls, model: Any, rows: "TrainingRows", *, classify: bool) -> Self:
        """Choose rows, always the same of the same training rows, and ask the model about them.

        :raises DataError: An answer is not finite.
        """
        count = len(rows.features)
        frame = rows.features.iloc[spread(count)]
        answer = ask(model, frame, classify=classify)
        for number in _numbers(answer):
            if not math.isfinite(number):
                raise DataError(
                    f"the {type(model).__name__} answers {number} on a training row; a model that is released "
                    "has to give finite numbers"
                )
        cells = tuple(tuple(map(_as_cell, row)) for row in frame[[*rows.numeric, *rows.categorical]].to_numpy(object))
        return cls(tuple(rows.numeric), tuple(rows.categorical), cells, count, answer)

    def as_text(self) -> str:
        """Return the example as JSON."""
        return json.dumps(asdict(self), allow_nan=False, separators=(",", ":"))

    @classmethod
    def from_bytes(cls, data: bytes, *, digest: str) -> Self:
        """Read an example that is, byte for byte, the one recorded.

        :param digest: The `sha256:…` recorded at training.
        :raises ArtifactError: Another digest.
        """
        found = digest_text(data)
        if found != digest:
            raise ArtifactError(
                f"the recorded example has digest {found}, recorded at training was {digest}: it was changed or "
                "replaced; train again"
            )
        content = json.loads(data)
        return cls(
            numeric=tuple(content["numeric"]),
            categorical=tuple(content["categorical"]),
            rows=tuple(map(tuple, content["rows"])),
            of=content["of"],
            answer=ModelAnswer(**content["answer"]),
        )


def digest_text(text: str | bytes) -> str:
    """Return the `sha256:…` of a text in UTF-8."""
    data = text.encode() if isinstance(text, str) else text
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def spread(count: int, most: int = MOST_ROWS) -> list[int]:
    """Return the positions of at most `most` of `count` rows, the first and the last among them."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def ask(model: Any, features: "pd.DataFrame", *, classify: bool) -> ModelAnswer:
    """Let a model answer rows, unchecked: whoever compares or records the answer judges it.

    :param features: Frame of shape (n, features).
    """
    import numpy as np

    values = np.asarray(model.predict(features))
    classes = probabilities = None
    if classify:
        classes = np.asarray(model.classes_).tolist()
        if hasattr(model, "predict_proba"):
            probabilities = np.asarray(model.predict_proba(features), dtype=float).tolist()
    return ModelAnswer(_kind(values), values.tolist(), classes, probabilities)


def feature_frame(rows: Sequence[Sequence[Cell]], numeric: Sequence[str], categorical: Sequence[str]) -> "pd.DataFrame":
    """Return rows as models take them: numbers as float64, nulls NaN; texts as objects, nulls None."""
    import numpy as np
    import pandas as pd

    columns = list(zip(*rows, strict=True)) if rows else [()] * (len(numeric) + len(categorical))
    numbers, texts = columns[: len(numeric)], columns[len(numeric) :]
    return pd.DataFrame(
        {
            **{
                name: np.array([math.nan if cell is None else float(cell) for cell in column], dtype=float)
                for name, column in zip(numeric, numbers, strict=True)
            },
            **{
                name: pd.Series(list(column), dtype=object)
                for name, column in zip(categorical, texts, strict=True)
            },
        }
    )  # fmt: skip


def library_versions() -> dict[str, str]:
    """Return the installed version of Python and of each library that a model file needs; one missing is left out."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _as_cell(value: Any) -> Cell:
    if isinstance(value, str) or value is None:
        return value
    number = float(value)
    if math.isnan(number):
        return None
    # JSON has no infinity; `float` reads the text back.
    return number if math.isfinite(number) else str(number)


def _kind(values: Any) -> str:
    if values.dtype.kind == "O" and all(isinstance(value, str) for value in values.flat):
        return "text"
    return _KINDS.get(values.dtype.kind, str(values.dtype))


def _numbers(answer: ModelAnswer) -> list[float]:
    values = [value for value in answer.values if isinstance(value, float)]  # noqa: PD011 - no frame
    return values + [share for row in answer.probabilities or () for share in row]
