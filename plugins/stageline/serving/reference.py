"""What training saw, as far as scoring has to know it: types, categories, null shares, and some whole rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.features import PARTS, SPLIT
from stageline.serving.features import Columns
from stageline.spec.models import PipelineSpec

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLED_ROWS = 100


@dataclass(frozen=True)
class Reference:
    """The feature snapshot that a model was trained on, in short.

    :param version: The snapshot's version.
    :param rows: How many rows trained the model.
    :param types: The types of the columns that scoring reads.
    :param categories: Texts that training saw, by feature.
    :param null_shares: Share of nulls in training, by feature, 0 to 1.
    :param sample: Up to 100 rows of the snapshot, evenly spread, as they were recorded.
    """

    version: int
    rows: int
    columns: Columns
    types: "Mapping[str, pa.DataType]"
    categories: "Mapping[str, pa.Array]"
    null_shares: Mapping[str, float]
    sample: "pa.Table"

    @property
    def integers(self) -> frozenset[str]:
        """Numeric features that training knows as whole numbers."""
        import pyarrow as pa

        return frozenset(name for name in self.columns.numeric if pa.types.is_integer(self.types.get(name, pa.null())))

    @property
    def csv_types(self) -> "Mapping[str, pa.DataType]":
        """The types to read a CSV file with: numbers as floats, since a column of whole numbers may get fractions."""
        import pyarrow as pa

        numbers = {name for name in self.columns.numeric if not pa.types.is_boolean(self.types.get(name, pa.null()))}
        kinds = {name: pa.float64() if name in numbers else kind for name, kind in self.types.items()}
        if self.columns.event_time:
            kinds[self.columns.event_time] = pa.string()
        return kinds


def reference_of(
    snapshot: "pa.Table", spec: PipelineSpec, *, version: int, numeric: tuple[str, ...], categorical: tuple[str, ...]
) -> Reference:
    """Sum up a snapshot.

    :param snapshot: As the step `features` stored it.
    :raises DataError: It does not hold what the spec and the model need.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    event_time = spec.source.event_time
    needed = [*numeric, *categorical, *spec.source.keys, *([event_time] if event_time else []), SPLIT]
    if missing := [name for name in needed if name not in snapshot.column_names]:
        raise DataError(
            f"snapshot version {version} has no column {missing[0]!r}, which the spec now names; train and release "
            "a model with this spec first"
        )
    columns = Columns(
        numeric=numeric,
        categorical=categorical,
        calendar=tuple(name for name in numeric if name in PARTS) if event_time and spec.features.calendar else (),
        keys=spec.source.keys,
        event_time=event_time,
        zoned=bool(event_time and snapshot.schema.field(event_time).type.tz),
    )
    train = snapshot.filter(pc.equal(snapshot[SPLIT], "train"))
    rows = train.num_rows
    if not rows:
        raise DataError(f"snapshot version {version} holds no row that trained a model; train again")
    places = np.unique(np.linspace(0, snapshot.num_rows - 1, min(SAMPLED_ROWS, snapshot.num_rows)).astype(int))
    return Reference(
        version=version,
        rows=rows,
        columns=columns,
        types={name: snapshot.schema.field(name).type for name in columns.read},
        categories={name: pc.unique(train[name].drop_null()).cast(pa.large_string()) for name in categorical},
        null_shares={name: train[name].null_count / rows for name in columns.features},
        sample=snapshot.take(pa.array(places)),
    )
