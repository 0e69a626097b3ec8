"""Who meets the canary: a share of the entities by a stable hash of their keys, which only grows with the percent."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# FNV-1a (Fowler, Noll, Vo 1991) reads the bytes; the last step of SplitMix64 (Steele, Lea, Flood 2014) spreads them.
_BASIS, _PRIME = 0xCBF29CE484222325, 0x100000001B3
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31
_MASK = 2**64 - 1
# No text in UTF-8 holds these bytes: the end of a key, and a key that is null.
_END, _NULL = 0xFF, 0xFE
_EXACT_IN_FLOAT = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHARES = 100
# A longer text is read as its digest: reading goes byte by byte.
_LONGEST = 64


def in_canary(keys: "pa.Table | Mapping[str, Sequence[Any]]", percent: int, salt: str) -> "np.ndarray":
    """Return which rows the canary gets.

    A row's answer depends on its keys' values and names, and on the salt, and on nothing else: who is among the 5 %
    is among the 25 %. Equal values are the same key whatever type holds them: 7, 7.0 and "7" are; a time without a
    zone is in UTC.

    :param keys: Columns that together name an entity; their order does not matter.
    :param percent: Share of the entities, 0 to 100.
    :param salt: Names the rollout, as `salt_of` gives it: each one tries other entities first.
    :returns: Shape (rows,).
    """
    import numpy as np

    shares: np.ndarray = shares_of(keys, salt)
    chosen: np.ndarray = shares < percent
    return chosen


def salt_of(pipeline: str, sequence: int) -> str:
    """Return what the hash of a rollout begins with.

    :param sequence: Record that began the rollout.
    """
    return f"{pipeline}/{sequence}"


def share_of(keys: Mapping[str, Any], salt: str) -> int:
    """Return from which percent on, less one, the canary gets an entity: 0 to 99.

    :param keys: One value a column.
    """
    state = _seed(salt)
    for name in sorted(keys):
        for byte in _bytes_of(text_of(keys[name])):
            state = ((state ^ byte) * _PRIME) & _MASK
    for shift, factor in _MIX:
        state = ((state ^ (state >> shift)) * factor) & _MASK
    return (state ^ (state >> _LAST_SHIFT)) % _SHARES


def shares_of(keys: "pa.Table | Mapping[str, Sequence[Any]]", salt: str) -> "np.ndarray":
    """Return `share_of` of each row, int64, shape (rows,).

    :raises ValueError: There is no key, or columns differ in length.
    """
    import numpy as np

    columns = _columns(keys)
    if not columns:
        raise ValueError("there is no key column; name one at least")
    lengths = {name: len(column) for name, column in columns.items()}
    if len({*lengths.values()}) > 1:
        raise ValueError(f"key columns differ in length: {lengths}")
    rows = next(iter(lengths.values()))
    state = np.full(rows, _seed(salt), np.uint64)
    for name in sorted(columns):
        _feed(state, _texts(columns[name]))
    for shift, factor in _MIX:
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    state ^= state >> np.uint64(_LAST_SHIFT)
    return (state % np.uint64(_SHARES)).astype(np.int64)


def text_of(value: Any) -> str | None:
    """Return the text that stands for a key's value, none for a null."""
    value = _plain(value)
    if _is_null(value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT_IN_FLOAT:
        return str(int(value))
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time(), UTC)
        return f"@{_microseconds(moment)}"
    # A lone surrogate has no bytes in UTF-8; JSON can hold one.
    held = value if isinstance(value, bytes) else str(value).encode("utf-8", "backslashreplace")
    if len(held) > _LONGEST:
        return f"#{hashlib.blake2b(held, digest_size=16).hexdigest()}"
    return held.decode("utf-8", "backslashreplace")


def _plain(value: Any) -> Any:
    """Return a value of Arrow's or NumPy's as Python has it."""
    if hasattr(value, "as_py"):
        return value.as_py()
    return _from_numpy(value) if hasattr(value, "item") and not isinstance(value, datetime) else value


def _from_numpy(value: Any) -> Any:
    import numpy as np

    if isinstance(value, np.datetime64):
        # As microseconds: of nanoseconds NumPy would make a number.
        return None if np.isnat(value) else value.astype("datetime64[us]").item()
    return value.item()


def _is_null(value: Any) -> bool:
    # NaN and pandas' NaT are what does not equal itself.
    return value is None or (isinstance(value, float | datetime) and value != value)  # noqa: PLR0124


def _microseconds(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    past = aware - _EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def _seed(salt: str) -> int:
    state = _BASIS
    for byte in (*salt.encode(), _END):
        state = ((state ^ byte) * _PRIME) & _MASK
    return state


def _bytes_of(text: str | None) -> tuple[int, ...]:
    return (_NULL, _END) if text is None else (*text.encode(), _END)


def _columns(keys: "pa.Table | Mapping[str, Sequence[Any]]") -> dict[str, Any]:
    if isinstance(keys, Mapping):
        return dict(keys)
    return dict(zip(keys.column_names, keys.columns, strict=True))


def _feed(state: "np.ndarray", texts: "pa.Array") -> None:
    """Let the hashes read the next key, a byte of each row at a time."""
    import numpy as np

    known = np.asarray(texts.is_valid())
    offsets = np.frombuffer(texts.buffers()[1], np.int64, len(texts) + 1, texts.offset * 8)
    content = texts.buffers()[2]
    held = np.frombuffer(content, np.uint8) if content is not None else np.zeros(0, np.uint8)
    lengths = np.where(known, np.diff(offsets), 0)
    prime = np.uint64(_PRIME)
    # The longest first: those that still have a byte are always the first ones.
    order = np.argsort(-lengths, kind="stable")
    begins, sizes = offsets[:-1][order], lengths[order]
    ordered = state[order]
    ordered[~known[order]] = (ordered[~known[order]] ^ np.uint64(_NULL)) * prime
    for place in range(int(sizes[0]) if len(sizes) else 0):
        alive = int(np.searchsorted(-sizes, -place, side="left"))
        ordered[:alive] = (ordered[:alive] ^ held[begins[:alive] + place].astype(np.uint64)) * prime
    state[order] = (ordered ^ np.uint64(_END)) * prime


def _texts(column: Any) -> "pa.Array":
    """Return what `text_of` says of each value, as large strings in one piece."""
    import pyarrow as pa

    if not isinstance(column, pa.Array | pa.ChunkedArray):
        if not hasattr(column, "dtype"):  # values of Python's may be of any types
            return pa.array([text_of(value) for value in column], pa.large_string())
        column = pa.array(column, from_pandas=True)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    for fits, make in _WAYS:
        if fits(whole.type):
            return make(whole)
    return pa.array([text_of(value) for value in whole.to_pylist()], pa.large_string())


def _of_texts(column: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = column.cast(pa.large_string())
    long = pc.greater(pc.binary_length(texts), _LONGEST)
    if not pc.any(long).as_py():
        return texts
    kept = pc.if_else(long, None, texts)
    digests = [None if text is None else text_of(text) for text in pc.if_else(long, texts, None).to_pylist()]
    return pc.coalesce(kept, pa.array(digests, pa.large_string()))


def _of_integers(column: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    return column.cast(pa.large_string())


def _of_times(column: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.timestamp("us", getattr(column.type, "tz", None))
    numbers = pc.floor_temporal(column, unit="microsecond").cast(kind).cast(pa.int64()).cast(pa.large_string())
    return pc.binary_join_element_wise(pa.scalar("@", pa.large_string()), numbers, pa.scalar("", pa.large_string()))


def _of_floats(column: "pa.Array") -> "pa.Array":
    import pyarrow as pa
    import pyarrow.compute as pc

    wide = column.cast(pa.float64())
    whole = pc.and_(pc.equal(pc.floor(wide), wide), pc.less(pc.abs(wide), float(_EXACT_IN_FLOAT)))
    numbers = pc.if_else(whole, wide, None).cast(pa.int64()).cast(pa.large_string())
    others = pc.if_else(whole, None, wide)
    if others.null_count == len(others):
        return numbers
    named = pa.array([None if value is None else text_of(value) for value in others.to_pylist()], pa.large_string())
    return pc.coalesce(numbers, named)


def _is_text(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_integer(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind))


def _is_time(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _is_float(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind))


_WAYS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Any]], ...] = (
    (_is_text, _of_texts),
    (_is_integer, _of_integers),
    (_is_time, _of_times),
    (_is_float, _of_floats),
)
