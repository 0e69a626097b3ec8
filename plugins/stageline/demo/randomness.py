"""Named streams of random numbers: each part of the simulation draws from its own."""

import zlib
from itertools import accumulate
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def stream(seed: int, name: str) -> "np.random.Generator":
    """Return the generator of one part; drawing more from one stream never shifts another.

    :param seed: Seed of the whole simulation, 0 or more.
    :param name: Name of the part, e.g. `temperature`.
    """
    import numpy as np

    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def wander(rng: "np.random.Generator", length: int, memory: float) -> "NDArray[np.float64]":
    """Return a stationary first-order autoregression with mean 0 and variance 1.

    :param memory: Steps after which the correlation has fallen to 1/e.
    """
    import numpy as np

    keep = np.exp(-1 / memory)
    steps = rng.standard_normal(length)
    steps[1:] *= sqrt(1 - keep**2)
    return np.fromiter(accumulate(steps.tolist(), lambda last, step: keep * last + step), float, length)
