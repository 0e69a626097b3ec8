"""Ids of rows and lines that are the same in every run: short digests of what they hold."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from stageline.tables.value_texts import as_texts

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.tables.parsed_file import RejectedLine

_DIGITS = 24  # 96 bits: nobody can make up a second row of the same id
_BATCH_ROWS = 20_000
_BATCH_BYTES = 2**26


def row_ids(rows: "pa.Table") -> list[str]:
    """Return an id per row, from its columns' names and the texts of its values.

    The order of columns and the order of rows do not matter, nor do columns in which the row is null. Rows that
    hold the same are counted in their order: `3f9a…`, `3f9a…-2`, `3f9a…-3`.

    :raises DataError: A column has a type whose values have no text.
    """
    return _numbered(digest for batch in text_batches(rows) for digest in _digests(batch))


def line_ids(lines: Iterable["RejectedLine"]) -> list[str]:
    """Return an id per rejected line, from its text and its number."""
    return _numbered(_short(f"line {line.line}:{line.text}".encode()) for line in lines)


def text_batches(rows: "pa.Table") -> Iterator[dict[str, "pa.Array"]]:
    """Yield some 20,000 rows at a time, fewer of long ones: each column's values as texts.

    :raises DataError: A column has a type whose values have no text.
    """
    import pyarrow as pa

    size = min(_BATCH_ROWS, _BATCH_BYTES * rows.num_rows // (rows.nbytes + 1) + 1)
    for begin in range(0, rows.num_rows, size):
        batch = rows.slice(begin, size)
        yield {
            name: as_texts(pa.concat_arrays(column.chunks), name)
            for name, column in zip(batch.column_names, batch.columns, strict=True)
        }


def _digests(columns: dict[str, "pa.Array"]) -> Iterator[str]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    colon, nothing = pa.scalar(":", pa.large_string()), pa.scalar("", pa.large_string())
    parts: list[pa.Array | pa.Scalar] = []
    for name in sorted(columns):
        texts = columns[name]
        # Each part with its length: no two rows share a stream of bytes.
        head = pa.scalar(f"{len(name.encode())}:{name}=", pa.large_string())
        length = pc.binary_length(texts).cast(pa.large_string())
        parts.append(pc.coalesce(pc.binary_join_element_wise(head, length, colon, texts, nothing), nothing))
    joined = pc.binary_join_element_wise(*parts, nothing)
    _, offsets, content = joined.buffers()
    data = memoryview(content or b"")
    for begin, end in pairwise(np.frombuffer(offsets, np.int64)[: len(joined) + 1].tolist()):
        yield _short(data[begin:end])


def _short(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _numbered(digests: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    ids = []
    for digest in digests:
        seen[digest] += 1
        ids.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return ids
