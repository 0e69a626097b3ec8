"""What a model says about a batch: predictions, probabilities, and bounds where it gives them."""

import inspect
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

from stageline.evaluation import predict
from stageline.evaluation.predictions import refusing
from stageline.exceptions import DataError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

# Of the bounds that are made from a model's standard deviation.
LEVEL = 0.95
_BINARY = 2


@dataclass(frozen=True)
class Oracle:
    """A loaded model, asked a batch at a time.

    :param positive: For two classes, the one whose probability is meant; default the last.
    """

    model: Any
    classify: bool
    positive: Any = None

    @property
    def kinds(self) -> "dict[str, pa.DataType]":
        """The columns of an answer and their types."""
        import pyarrow as pa

        if not self.classify:
            return {"prediction": pa.float64(), "lower": pa.float64(), "upper": pa.float64()}
        label = next(iter(self._classes), "")
        # A boolean is a whole number to Python, so it is asked about first.
        known = {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
        kind = next((kept for python, kept in known.items() if isinstance(label, python)), pa.string())
        return {
            "prediction": kind,
            "probability": pa.float64(),
            "probabilities": pa.map_(pa.string(), pa.float64()),
        }

    @cached_property
    def bounds(self) -> Literal["predict_interval", "return_std"] | None:
        """How the model gives bounds, or none.

        A method `predict_interval` (as MAPIE's regressors have), or scikit-learn's own `return_std` (Gaussian
        processes, Bayesian ridge), whose bounds are those of a normal distribution.
        """
        if self.classify:
            return None
        if callable(getattr(self.model, "predict_interval", None)):
            return "predict_interval"
        steps = getattr(self.model, "steps", None)
        last = steps[-1][1] if steps else self.model
        return "return_std" if "return_std" in inspect.signature(last.predict).parameters else None

    @cached_property
    def _classes(self) -> list[Any]:
        import numpy as np

        found: list[Any] = np.asarray(self.model.classes_).tolist()
        return found

    def answer(self, frame: "pd.DataFrame") -> "dict[str, pa.Array]":
        """Return a column for each of `kinds`.

        :raises DataError: The model cannot answer, or says something that is not finite.
        """
        import pyarrow as pa

        said = predict(self.model, frame, classify=self.classify)
        if not self.classify:
            lower, upper = self._bounds(frame, said.values)
            return {"prediction": pa.array(said.values, pa.float64()), "lower": lower, "upper": upper}
        columns = {"prediction": pa.array(list(said.values), self.kinds["prediction"])}
        nothing = {name: pa.nulls(len(frame), self.kinds[name]) for name in ("probability", "probabilities")}
        if said.probabilities is None:
            return columns | nothing
        if len(said.classes) == _BINARY:
            label = said.classes[-1] if self.positive is None else self.positive
            return columns | nothing | {"probability": pa.array(said.of_class(label))}
        return columns | nothing | {"probabilities": _as_map(said.probabilities, said.classes)}

    def _bounds(self, frame: "pd.DataFrame", values: "np.ndarray") -> "tuple[pa.Array, pa.Array]":
        import numpy as np
        import pyarrow as pa

        if self.bounds is None:
            return pa.nulls(len(frame), pa.float64()), pa.nulls(len(frame), pa.float64())
        kind = type(self.model).__name__
        with refusing(kind, "cannot give bounds"):
            if self.bounds == "return_std":
                _, deviation = self.model.predict(frame, return_std=True)
                margin = NormalDist().inv_cdf((1 + LEVEL) / 2) * np.asarray(deviation, dtype=float)
                both = np.column_stack([values - margin, values + margin])
            else:
                given = self.model.predict_interval(frame)
                both = np.asarray(given[1] if isinstance(given, tuple) else given, dtype=float).reshape(len(frame), 2)
        bad = ~np.isfinite(both).all(axis=1) | (both[:, 0] > both[:, 1])
        if bad.any():
            row = int(bad.argmax())
            raise DataError(
                f"the {kind}'s bounds are not finite or the wrong way round in {int(bad.sum()):,} row(s), first in row "
                f"{row + 1:,}: {both[row, 0]} to {both[row, 1]}"
            )
        return pa.array(both[:, 0]), pa.array(both[:, 1])


def _as_map(probabilities: "np.ndarray", classes: tuple[Any, ...]) -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    rows, size = probabilities.shape
    labels = pa.array([str(label) for label in classes]).take(pa.array(np.tile(np.arange(size), rows)))
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * size)
    return pa.MapArray.from_arrays(offsets, labels, pa.array(probabilities.ravel()))
