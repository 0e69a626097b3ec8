"""Asking a model about rows: answers, or of what kind the error is."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from stageline.exceptions import DataError
from stageline.serving.http.call import ErrorKind
from stageline.serving.http.refused import BAD_REQUEST, INTERNAL, RefusedRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stageline.serving.answers import Oracle

_SENTENCES: "dict[ErrorKind, RefusedRequest]" = {
    # The words of MLflow's server, without its stack trace: that may hold a row's values.
    "exception": RefusedRequest(
        400, BAD_REQUEST,
        "Encountered an unexpected error while evaluating the model. Verify that the serialized input Dataframe is "
        "compatible with the model for inference.",
    ),
    "not_finite": RefusedRequest(500, INTERNAL, "the model's answer is not a finite number"),
    "wrong_shape": RefusedRequest(500, INTERNAL, "the model's answer does not have one value per row"),
    "timed_out": RefusedRequest(504, INTERNAL, "the model's answer took too long"),
    "unreachable": RefusedRequest(503, INTERNAL, "the model is not loaded"),
}  # fmt: skip


def refused_for(kind: ErrorKind) -> RefusedRequest:
    """Return what a caller gets where a model errs."""
    return _SENTENCES[kind].again()


def kind_of(error: DataError) -> ErrorKind:
    """Return of what kind a model's error is."""
    if error.__cause__ is not None:
        return "exception"
    return "not_finite" if "not finite" in str(error) else "wrong_shape"


class Asked(Protocol):
    """What answers about rows."""

    def answer(self, frame: "pd.DataFrame") -> "Mapping[str, pa.Array]":
        """Return a column for each kind of answer.

        :raises DataError: The model cannot answer, or says something that is not finite.
        """


@dataclass
class Remembering:
    """A model whose last answers are remembered: the same features get the same answer. One thread's alone.

    :param most: Answers that are remembered.
    """

    oracle: "Oracle"
    most: int
    hits: int = 0
    _known: "OrderedDict[bytes, pa.Table]" = field(default_factory=OrderedDict)

    def answer(self, frame: "pd.DataFrame") -> "Mapping[str, pa.Array]":
        """Return answers, those that are known without asking.

        :raises DataError: The model cannot answer, or says something that is not finite.
        """
        import numpy as np
        import pyarrow as pa

        keys = _keys(frame)
        missing = np.array([key not in self._known for key in keys])
        if missing.any():
            # Asked rows of equal features stand there as often as they came: the model sees a batch as it is.
            said = pa.table(dict(self.oracle.answer(frame[missing].reset_index(drop=True))))
            for place, at in enumerate(np.flatnonzero(missing).tolist()):
                self._known[keys[at]] = said.slice(place, 1)
        self.hits += int((~missing).sum())
        rows = []
        for key in keys:
            rows.append(self._known[key])
            self._known.move_to_end(key)
        while len(self._known) > self.most:
            self._known.popitem(last=False)
        whole = pa.concat_tables(rows).combine_chunks()
        return {name: whole[name].chunk(0) for name in whole.column_names}


def _keys(frame: "pd.DataFrame") -> list[bytes]:
    numbers = frame.select_dtypes("number")
    texts = frame.drop(columns=numbers.columns)
    values: np.ndarray = numbers.to_numpy(dtype=float)
    named = texts.to_numpy(dtype=object).tolist()
    return [row.tobytes() + repr(text).encode() for row, text in zip(values, named, strict=True)]
