"""Where a pipeline's predictions lie: those of its batch scorings, or the answers that its servers logged."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stageline.spec import PipelineSpec

BATCH, SERVED = "predictions", "served"


@dataclass(frozen=True)
class PredictionStore:
    """A Delta table of predictions; there may be none yet.

    :param keys: What tells rows apart.
    :param served: Whether it is the servers' log: of that, a prediction is what a caller got for a row with its keys.
    """

    folder: Path
    keys: Sequence[str] = ()
    served: bool = False

    @classmethod
    def of(cls, tables: Path, spec: "PipelineSpec") -> "PredictionStore":
        """Return that of a pipeline.

        :param tables: Root folder of all pipelines' tables.
        """
        served = spec.release is not None and spec.release.target == "http"
        return cls(tables / spec.pipeline / (SERVED if served else BATCH), spec.source.keys, served)

    @property
    def version(self) -> int:
        """The table's Delta version; -1: there is none."""
        from deltalake import DeltaTable

        return DeltaTable(str(self.folder)).version() if DeltaTable.is_deltatable(str(self.folder)) else -1

    def dataset(self) -> Any:
        """Return the predictions as a dataset of Arrow's; none where there is no table.

        :raises DeltaError: It cannot be read.
        """
        import pyarrow.compute as pc
        from deltalake import DeltaTable

        if not DeltaTable.is_deltatable(str(self.folder)):
            return None
        rows = DeltaTable(str(self.folder)).to_pyarrow_dataset()
        if not self.served:
            return rows
        answered = [pc.field("arm") != "shadow", pc.field("error").is_null()]
        return rows.filter(reduce(operator.and_, [*answered, *(pc.field(key).is_valid() for key in self.keys)]))
