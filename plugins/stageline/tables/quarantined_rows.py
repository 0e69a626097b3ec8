"""What is kept of a row that was put aside: where it stood, why it failed, and its values as texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from stageline.tables.parsed_file import RAGGED_LINE
from stageline.tables.row_ids import line_ids, row_ids, text_batches

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.tables.parsed_file import RejectedLine


@dataclass(frozen=True)
class QuarantinedRow:
    """A row that was put aside, or a line that is no row.

    :param id: The same in every run that finds the same row.
    :param dag_run: The DAG run that put it aside.
    :param recorded_at: When, in UTC.
    :param source: Where the row came from, e.g. `data/bikes.csv`.
    :param source_digest: `sha256:…` of the source as it was; empty where it has none.
    :param position: Its position in the source's table, from 0; none for a line, or where the source has no order.
    :param line: For a line that is no row: its number in the file, from 1.
    :param codes: Codes of the checks it failed.
    :param expectations: Names of the expectations it failed.
    :param reasons: What is wrong with it, in words.
    :param values: Its value in each column, as :func:`stageline.tables.value_texts.as_texts` writes it; of a line
        that is no row, its text under the empty name.
    :param types: Each column's Arrow type.
    """

    id: str
    dag_run: str
    recorded_at: datetime
    source: str
    source_digest: str
    position: int | None
    line: int | None
    codes: tuple[str, ...]
    expectations: tuple[str, ...]
    reasons: tuple[str, ...]
    values: dict[str, str | None]
    types: dict[str, str]

    @property
    def text(self) -> str | None:
        """The line as it stands in the file; none for a row."""
        return None if self.line is None else self.values[""]


@cache
def schema() -> "pa.Schema":
    """Return the columns of the quarantine's table; they are those of `QuarantinedRow`."""
    import pyarrow as pa

    text = pa.large_string()
    texts, by_column = pa.list_(text), pa.map_(text, text)
    kinds: dict[str, pa.DataType] = {
        "id": text,
        "dag_run": text,
        "recorded_at": pa.timestamp("us", "UTC"),
        "source": text,
        "source_digest": text,
        "position": pa.int64(),
        "line": pa.int64(),
        "codes": texts,
        "expectations": texts,
        "reasons": texts,
        "values": by_column,
        "types": by_column,
    }
    return pa.schema(list(kinds.items()))


def rows_of_table(
    rows: "pa.Table",
    *,
    positions: "Sequence[int] | np.ndarray | None",
    source: str,
    source_digest: str,
    codes: Sequence[Sequence[str]],
    expectations: Sequence[Sequence[str]],
    reasons: Sequence[Sequence[str]],
    ids: Sequence[str] | None = None,
) -> "pa.Table":
    """Return rows as the quarantine keeps them.

    :param positions: Each row's position in the source's table, from 0; none where it has no order.
    :param codes: For each row, the codes of the checks it failed; `expectations` and `reasons` likewise.
    :param ids: Each row's id; default: as `row_ids` gives them to these rows. Give them where the rows are only
        some of those that failed: rows that hold the same are told apart by their order.
    :raises DataError: A column has a type whose values have no text.
    """
    import pyarrow as pa

    count = rows.num_rows
    batches = [_as_maps(texts, rows.schema) for texts in text_batches(rows)]
    return _table(
        source, source_digest,
        id=list(row_ids(rows) if ids is None else ids),
        position=pa.nulls(count, pa.int64()) if positions is None else pa.array(positions, pa.int64()),
        line=pa.nulls(count, pa.int64()),
        codes=codes, expectations=expectations, reasons=reasons,
        values=pa.chunked_array([values for values, _ in batches], schema().field("values").type),
        types=pa.chunked_array([types for _, types in batches], schema().field("types").type),
    )  # fmt: skip


def rows_of_lines(lines: "Sequence[RejectedLine]", *, source: str, source_digest: str) -> "pa.Table":
    """Return the lines of a file that are no rows, as the quarantine keeps them."""
    import pyarrow as pa

    return _table(
        source, source_digest,
        id=line_ids(lines),
        position=pa.nulls(len(lines), pa.int64()),
        line=[line.line for line in lines],
        codes=[[RAGGED_LINE]] * len(lines),
        expectations=[[]] * len(lines),
        reasons=[[line.reason] for line in lines],
        values=[[("", line.text)] for line in lines],
        types=[[]] * len(lines),
    )  # fmt: skip


def row_of(entry: dict[str, Any]) -> QuarantinedRow:
    """Return a row of the quarantine's table, as Arrow gives it to Python."""
    lists = {name: tuple(entry[name]) for name in ("codes", "expectations", "reasons")}
    maps = {name: dict(entry[name]) for name in ("values", "types")}
    return QuarantinedRow(**{**entry, **lists, **maps})


def _table(source: str, source_digest: str, **columns: Any) -> "pa.Table":
    import pyarrow as pa

    known = {"source": pa.scalar(source), "source_digest": pa.scalar(source_digest)}
    count = len(columns["id"])
    lengths = {name: len(values) for name, values in columns.items() if len(values) != count}
    if lengths:
        raise ValueError(f"{count:,} ids, but other numbers of {lengths}")
    columns |= {name: pa.repeat(value, count) for name, value in known.items()}
    wanted = [field for field in schema() if field.name in columns]
    return pa.table(
        [
            columns[field.name].cast(field.type)
            if isinstance(columns[field.name], (pa.Array, pa.ChunkedArray))
            else pa.array(columns[field.name], field.type)
            for field in wanted
        ],
        schema=pa.schema(wanted),
    )


def _as_maps(texts: "dict[str, pa.Array]", of: "pa.Schema") -> "tuple[pa.Array, pa.Array]":
    """Turn columns of texts into a map per row: of values, and of types."""
    import numpy as np
    import pyarrow as pa

    width, height = len(texts), len(next(iter(texts.values())))
    kinds = [_plain(of.field(name).type) for name in texts]
    # Column after column becomes row after row.
    by_row = (np.arange(height)[:, None] + np.arange(width)[None, :] * height).ravel()
    column = pa.array(np.tile(np.arange(width), height))
    offsets = pa.array(np.arange(height + 1, dtype=np.int32) * width)
    names = pa.array(list(texts), pa.large_string()).take(column)
    values = pa.concat_arrays(list(texts.values())).take(pa.array(by_row))
    types = pa.array(kinds, pa.large_string()).take(column)
    return pa.MapArray.from_arrays(offsets, names, values), pa.MapArray.from_arrays(offsets, names, types)


def _plain(kind: "pa.DataType") -> str:
    import pyarrow as pa

    return str(kind.value_type if pa.types.is_dictionary(kind) else kind)
