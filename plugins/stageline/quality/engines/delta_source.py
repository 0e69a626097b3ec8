"""A Delta table as rows that DuckDB can read: the Parquet files of its latest version."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from stageline.exceptions import SourceError
from stageline.quality.columns import require_distinct_names
from stageline.quality.engines.duckdb_table import Source, literal, naming
from stageline.quality.engines.file_source import as_glob
from stageline.quality.engines.memory_source import from_arrow

if TYPE_CHECKING:
    import pyarrow as pa

_FILES = "delta_files"


def from_delta(folder: Path) -> Source:
    """Return the latest version of a Delta table as a source; a row's position follows the age of its files.

    :raises SourceError: It is no Delta table, or one that keeps deleted rows or renamed columns in its files.
    """
    import pyarrow as pa
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    if not (folder / "_delta_log").is_dir():
        raise SourceError(f"{str(folder)!r}: no Delta table lies in this folder; expected one with a _delta_log")
    try:
        delta = DeltaTable(str(folder.resolve()))
        _require_readable(delta, folder)
        schema = pa.schema(delta.schema().to_arrow())
        # Delta lists the latest files first; rows are placed as they came.
        added = pa.table(delta.get_add_actions(flatten=True)).sort_by("modification_time")
        partitions = list(delta.metadata().partition_columns)
    except (DeltaError, OSError) as error:
        raise SourceError(f"{str(folder)!r}: cannot be read as a Delta table: {error}") from error
    require_distinct_names(schema.names)
    if not added.num_rows:
        return from_arrow(schema.empty_table(), name=str(folder))
    paths = [str(folder.resolve() / unquote(path)) for path in added["path"].to_pylist()]
    files = {"delta_file": pa.array(range(len(paths)), pa.int64()), "first_row": _first_rows(paths, folder)}
    files |= {f"partition_{place}": added[f"partition.{name}"] for place, name in enumerate(partitions)}
    return _as_source(schema, partitions, paths, pa.table(files), folder)


def _as_source(schema: "pa.Schema", partitions: list[str], paths: list[str], files: "pa.Table", folder: Path) -> Source:
    import duckdb

    patterns = [as_glob(path) for path in paths]
    listed = ", ".join(literal(pattern) for pattern in patterns)
    read = f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
    with naming(str(folder)), duckdb.connect() as connection:
        held = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()]  # noqa: S608 - paths are literals
    place_of = {name.casefold(): place for place, name in enumerate(held)}
    own = []
    for name in schema.names:
        if name in partitions:
            own.append(f"{_FILES}.partition_{partitions.index(name)}")
        elif name.casefold() in place_of:
            own.append(f"rows.held_{place_of[name.casefold()]}")
        else:
            own.append("NULL")  # a column that no file holds yet
    names = ", ".join(f"held_{place}" for place in range(len(held)))
    return Source(
        relation=f"(SELECT {', '.join(own)}, {_FILES}.first_row + rows.file_row_number FROM {read} AS rows({names}) "  # noqa: S608
        f"JOIN {_FILES} ON rows.file_index = {_FILES}.delta_file)",
        columns=tuple(schema.names),
        name=str(folder),
        files=(*paths, *patterns),
        tables={_FILES: files},
    )


def _require_readable(delta: Any, folder: Path) -> None:
    protocol = delta.protocol()
    features = set(protocol.reader_features or ())
    if "deletionVectors" in features and delta.deletion_vectors().read_all().num_rows:
        raise SourceError(
            f"{str(folder)!r}: the Delta table marks deleted rows in deletion vectors, which are not read here; "
            "purge them, e.g. REORG TABLE … APPLY (PURGE), or read it with the engine spark"
        )
    if delta.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        raise SourceError(
            f"{str(folder)!r}: the Delta table's files name its columns otherwise (column mapping), which is not "
            "read here; write it anew without, or read it with the engine spark"
        )


def _first_rows(paths: list[str], folder: Path) -> "pa.Array":
    """Return each file's first row's position in the table."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    with naming(str(folder)):
        counts = [parquet.read_metadata(path).num_rows for path in paths]
    return pa.array(np.cumsum([0, *counts[:-1]]))
