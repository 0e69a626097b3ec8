"""Classes as codes that are the same wherever and whenever they are made; numbers stay numbers."""

import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_CODE_BYTES = 6  # a float holds so many exactly
_EXACT_IN_FLOAT = 2**53


def code_of(label: object) -> int:
    """Return the code of a class: a whole number or a truth value is its own, of anything else a hash of its text.

    :raises ValueError: Its text has no bytes.
    """
    if isinstance(label, int) and abs(label) <= _EXACT_IN_FLOAT:
        return int(label)
    return int.from_bytes(hashlib.sha256(str(label).encode()).digest()[:_CODE_BYTES])


def coded(said: "pa.ChunkedArray") -> "np.ndarray":
    """Return a column of predictions, shape (n,): floating-point numbers as they are, classes as whole numbers."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_floating(said.type):
        numbers: np.ndarray = said.cast(pa.float64()).to_numpy()
        return numbers
    kind = said.type.value_type if pa.types.is_dictionary(said.type) else said.type
    found = said.cast(kind).combine_chunks().dictionary_encode()
    each = np.array([code_of(label) for label in found.dictionary.to_pylist()], np.int64)
    if found.null_count:
        # What a model did not say is no class, and is told of as not finite.
        each = np.append(each.astype(float), math.nan)
    codes: np.ndarray = each[found.indices.fill_null(len(each) - 1).to_numpy()]
    return codes


def as_array(said: Sequence[float]) -> "np.ndarray":
    """Return predictions that were read one by one, shape (n,): whole numbers if all of them are codes of classes."""
    import numpy as np

    return np.array(said, np.int64 if said and all(isinstance(value, int) for value in said) else float)
