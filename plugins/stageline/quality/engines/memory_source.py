"""Tables in memory as rows that DuckDB can read."""

from typing import TYPE_CHECKING

from stageline.quality.columns import require_distinct_names
from stageline.quality.engines.duckdb_table import Source

if TYPE_CHECKING:
    import pyarrow as pa


def from_arrow(table: "pa.Table", name: str = "the Arrow table") -> Source:
    """Return an Arrow table as a source; its values are not copied.

    :param name: What errors call it.
    :raises DataError: A column's name occurs twice.
    """
    import numpy as np
    import pyarrow as pa

    names = tuple(table.column_names)
    require_distinct_names(names)
    # DuckDB takes names that differ in case for one.
    shown = table.rename_columns([f"own_{place}" for place in range(len(names))])
    placed = shown.append_column("row_position", pa.array(np.arange(table.num_rows)))
    return Source(relation="in_memory", columns=names, name=name, tables={"in_memory": placed})
