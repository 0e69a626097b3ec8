"""What was found out about rows that were asked together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from stageline.serving.features import FeatureRows
from stageline.serving.http.call import ErrorKind

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Answered:
    """Features and answers of some rows.

    :param rows: None where their features could not be made.
    :param answers: Columns of answers; empty where the model erred.
    :param error: Of what kind its error is.
    :param model_ms: Milliseconds that the model took.
    """

    rows: FeatureRows | None
    answers: "Mapping[str, pa.Array]" = field(default_factory=dict)
    error: ErrorKind | None = None
    model_ms: float = 0.0

    def only(self, begin: int, count: int) -> "Answered":
        """Return what was found out about some of the rows."""
        rows = self.rows and FeatureRows(
            self.rows.frame.iloc[begin : begin + count].reset_index(drop=True), self.rows.table.slice(begin, count), {}
        )
        return replace(self, rows=rows, answers={name: each.slice(begin, count) for name, each in self.answers.items()})
