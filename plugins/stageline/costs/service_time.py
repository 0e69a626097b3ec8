"""How long an answer takes by the size of its batch and by how many are worked on at once, fitted to measurements."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stageline.exceptions import CostError


@dataclass(frozen=True)
class Measured:
    """One measurement.

    :param rows: Rows of the request, at least 1.
    :param concurrency: Requests that the same machine worked on at once, at least 1.
    :param seconds: Median wall time of a request.
    """

    rows: int
    concurrency: int
    seconds: float

    def __post_init__(self) -> None:
        if self.rows < 1 or self.concurrency < 1 or not (math.isfinite(self.seconds) and self.seconds > 0):
            raise CostError(
                f"measured {self.seconds!r} seconds for {self.rows} rows, {self.concurrency} at once; expected at "
                "least 1 row, 1 at once and a finite time above 0"
            )


@dataclass(frozen=True)
class ServiceTime:
    """Seconds = (fixed + per_row · rows) · (1 + contention · (k - 1) + coherency · k · (k - 1)), k at once.

    The first factor is the time of one request alone; the second is Gunther's universal scalability law, read as the
    time of one request by Little's law.

    :param fixed_seconds: Of each request, whatever its size.
    :param per_row_seconds: Of each row.
    :param contention: What each further request at once adds by waiting for what only one can have, 0 or more.
    :param coherency: What each further pair adds by agreeing on what they share, 0 or more.
    :param variation: Standard deviation of one request's time over its mean.
    :param largest_rows: Rows of the largest request that was measured: a batch is cut into such, since nothing says
        how long a larger one takes.
    """

    fixed_seconds: float
    per_row_seconds: float
    contention: float = 0.0
    coherency: float = 0.0
    variation: float = 1.0
    largest_rows: int = 1_000

    def __post_init__(self) -> None:
        named = {
            "fixed_seconds": self.fixed_seconds, "per_row_seconds": self.per_row_seconds,
            "contention": self.contention, "coherency": self.coherency, "variation": self.variation,
        }  # fmt: skip
        for name, value in named.items():
            if not (math.isfinite(value) and value >= 0):
                raise CostError(f"{name} is {value!r}; expected a finite number of at least 0: measure the model")
        if not self.fixed_seconds + self.per_row_seconds:
            raise CostError("fixed_seconds and per_row_seconds are both 0: no model answers in no time; measure it")
        if self.largest_rows < 1:
            raise CostError(f"largest_rows is {self.largest_rows!r}; expected at least 1")

    def seconds(self, rows: float, concurrency: int = 1) -> float:
        """Return the mean seconds of a request.

        :param rows: Of the request.
        :param concurrency: Requests that the machine works on at once.
        """
        return (self.fixed_seconds + self.per_row_seconds * rows) * self.slowdown(concurrency)

    @property
    def batch_row_seconds(self) -> float:
        """Seconds of a row in a batch: per_row + fixed / largest_rows."""
        return self.per_row_seconds + self.fixed_seconds / self.largest_rows

    def slowdown(self, concurrency: int) -> float:
        """Return how many times as long a request takes as alone."""
        others = concurrency - 1
        return 1 + self.contention * others + self.coherency * concurrency * others


def fit_service_time(measured: Sequence[Measured], *, variation: float = 1.0) -> ServiceTime:
    """Return the time that fits the measurements best, each weighed by its own size.

    Least squares of the relative errors with coefficients of at least 0: first `fixed` and `per_row` over the
    requests alone, then `contention` and `coherency` over the slowdowns. Where only one size was measured, all of its
    time counts per row: nothing says what a batch would save.

    :param variation: Standard deviation of one request's time over its mean.
    :raises CostError: No request alone was measured.
    """
    alone = [one for one in measured if one.concurrency == 1]
    if not alone:
        raise CostError(f"none of {len(measured)} measurements is of one request at a time; measure it alone first")
    sizes = {one.rows for one in alone}
    if len(sizes) == 1:
        mean = sum(one.seconds for one in alone) / len(alone)
        fixed, per_row = 0.0, mean / alone[0].rows
    else:
        fixed, per_row = _two_coefficients([(1 / one.seconds, one.rows / one.seconds, 1.0) for one in alone])
    shape = ServiceTime(fixed, per_row)
    slow = [(one.concurrency, one.seconds / shape.seconds(one.rows)) for one in measured if one.concurrency > 1]
    contention, coherency = _two_coefficients([((k - 1) / y, k * (k - 1) / y, (y - 1) / y) for k, y in slow])
    return ServiceTime(fixed, per_row, contention, coherency, variation, max(sizes))


def _two_coefficients(rows: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return a, b of at least 0 that make Σ (a·u + b·v - w)² least, over rows of (u, v, w)."""
    uu = sum(u * u for u, _, _ in rows)
    uv = sum(u * v for u, v, _ in rows)
    vv = sum(v * v for _, v, _ in rows)
    uw = sum(u * w for u, _, w in rows)
    vw = sum(v * w for _, v, w in rows)
    determinant = uu * vv - uv * uv
    if determinant > 1e-12 * max(uu * vv, 1e-300):
        a, b = (uw * vv - vw * uv) / determinant, (vw * uu - uw * uv) / determinant
        if a >= 0 and b >= 0:
            return a, b
    # The best within bounds lies on an edge: one of them is 0.
    edges = [(max(uw / uu, 0.0) if uu else 0.0, 0.0), (0.0, max(vw / vv, 0.0) if vv else 0.0)]
    return min(edges, key=lambda edge: sum((edge[0] * u + edge[1] * v - w) ** 2 for u, v, w in rows))
