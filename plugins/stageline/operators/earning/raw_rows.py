"""The rows of a snapshot as they came from the source: what was derived from them is taken away again."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.operators.earning.trained import Trained


def raw_rows(trained: "Trained") -> "pa.Table":
    """Return the snapshot without its split and without the parts of the calendar."""
    from stageline.features import PARTS, SPLIT

    derived = {SPLIT, *(PARTS if trained.spec.source.event_time and trained.spec.features.calendar else ())}
    table = trained.snapshot
    return table.select([name for name in table.column_names if name not in derived])
