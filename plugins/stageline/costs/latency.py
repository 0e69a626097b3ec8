"""How long a model takes to answer, measured: latency is never inferred from a model's size."""

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_SINGLE_CALLS = 30
_BATCH_CALLS = 5
_BATCH = 1_000


@dataclass(frozen=True)
class Latency:
    """Medians of wall time.

    :param single_ms: Milliseconds for one row.
    :param batch_ms: Milliseconds for a batch of `batch_rows` rows.
    """

    single_ms: float
    batch_ms: float
    batch_rows: int

    @property
    def per_1000_ms(self) -> float:
        """Milliseconds per 1,000 rows, in batches."""
        return self.batch_ms * 1_000 / self.batch_rows


def measure_latency(model: Any, features: "pd.DataFrame") -> Latency:
    """Time `model.predict` on single rows and on batches of up to 1,000 rows, after one call to warm up.

    :param features: Frame of shape (n, features), n at least 1.
    """
    batch = features.head(_BATCH)
    model.predict(batch)
    rows = [features.iloc[[i % len(features)]] for i in range(_SINGLE_CALLS)]
    return Latency(
        single_ms=statistics.median(_milliseconds(model, row) for row in rows),
        batch_ms=statistics.median(_milliseconds(model, batch) for _ in range(_BATCH_CALLS)),
        batch_rows=len(batch),
    )


def _milliseconds(model: Any, features: "pd.DataFrame") -> float:
    start = time.perf_counter()
    model.predict(features)
    return (time.perf_counter() - start) * 1_000
