"""Files as rows that DuckDB can read without loading them: Parquet and CSV."""

import csv
from contextlib import closing
from pathlib import Path

from stageline.exceptions import SourceError
from stageline.quality.columns import require_distinct_names
from stageline.quality.engines.duckdb_table import Source, literal, naming
from stageline.tables.csv_bytes import NULL_TEXTS


def from_file(path: Path) -> Source:
    """Return a `.parquet` or `.csv` file, or the folder of a Delta table, as a source.

    :raises SourceError: There is no such file, it is of another kind, or it cannot be read as a table.
    :raises DataError: A column's name occurs twice.
    """
    if path.is_dir():
        from stageline.quality.engines.delta_source import from_delta

        return from_delta(path)
    if not path.is_file():
        raise SourceError(f"{str(path)!r}: no such file; check the path")
    readers = {".parquet": _from_parquet, ".csv": _from_csv}
    if path.suffix.lower() not in readers:
        raise SourceError(
            f"{str(path)!r}: files of kind {path.suffix or 'none'!r} are not read here; "
            "expected .parquet, .csv or the folder of a Delta table"
        )
    return readers[path.suffix.lower()](path.resolve())


def as_glob(path: str) -> str:
    """Return a path as DuckDB's pattern that matches this path alone."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)


def _from_parquet(path: Path) -> Source:
    from pyarrow import parquet

    with naming(str(path)):
        names = tuple(parquet.read_schema(path).names)
    require_distinct_names(names)
    own = ", ".join(f"own_{place}" for place in range(len(names)))
    pattern = as_glob(str(path))
    # Without partitions read out of folder names, and with all columns renamed by their place.
    read = f"read_parquet({literal(pattern)}, hive_partitioning = false) AS file({own})"
    return Source(
        relation=f"(SELECT {own}, file_row_number FROM {read})",  # noqa: S608 - our own names
        columns=names,
        name=str(path),
        files=(str(path), pattern),
    )


def _from_csv(path: Path) -> Source:
    import duckdb

    names = _header(path)
    require_distinct_names(names)
    nulls = ", ".join(literal(text) for text in NULL_TEXTS)
    pattern = as_glob(str(path))
    given = f"{literal(pattern)}, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = [{nulls}]"
    with naming(str(path)), closing(duckdb.connect()) as connection:
        # The types are settled once, by all rows: each query would go by a sample, or read the file twice.
        found = connection.execute(f"DESCRIBE SELECT * FROM read_csv({given}, sample_size = -1)").fetchall()  # noqa: S608
    types = ", ".join(literal(row[1]) for row in found)
    if len(found) != len(names):
        raise SourceError(f"{str(path)!r}: the header names {len(names)} columns, but the rows have {len(found)}")
    own = ", ".join(f"own_{place}" for place in range(len(names)))
    relation = f"(SELECT {own}, row_number() OVER () - 1 FROM read_csv({given}, types = [{types}]) AS file({own}))"  # noqa: S608
    return Source(relation=relation, columns=names, name=str(path), files=(str(path), pattern))


def _header(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            names = next(csv.reader(lines), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{str(path)!r}: the header line cannot be read: {error}") from error
    if not any(name.strip() for name in names):
        raise SourceError(f"{str(path)!r}: line 1 holds no column names; expected a header")
    return tuple(names)
