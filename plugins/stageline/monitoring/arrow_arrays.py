"""Arrow's arrays as texts and as NumPy's, on ways that do not import pandas as Arrow's own do where it is there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def as_texts(array: "pa.Array") -> "pa.Array":
    """Return categories as texts: booleans are `true` and `false`."""
    import pyarrow as pa

    return array if pa.types.is_string(array.type) else array.cast(pa.string())


def as_numpy(array: "pa.Array") -> "np.ndarray":
    """Return numbers without nulls, not copied."""
    import numpy as np

    return np.from_dlpack(array)


def are_valid(array: "pa.Array") -> "np.ndarray":
    """Return which values are no nulls."""
    import pyarrow as pa

    return as_numpy(array.is_valid().cast(pa.uint8())).view(bool)


def text_array(texts: Sequence[str]) -> "pa.Array":
    """Return texts as Arrow's."""
    import numpy as np
    import pyarrow as pa

    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))
