"""What a pipeline's own runs measured that costs follow from, as its records hold it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from stageline.costs.service_time import Measured, ServiceTime, fit_service_time
from stageline.costs.traffic import Pattern
from stageline.exceptions import CostError

_MB_PER_GIB = 1_073.741824
# Of an exponential part of mean m on top of a fixed one: median = fixed + m·ln 2, 99th percentile = fixed + m·ln 100.
_MEDIAN, _HIGH = 0.6931471805599453, 4.605170185988092


@dataclass(frozen=True)
class Measurements:
    """Figures of the newest runs that have them.

    :param single_ms: Milliseconds of one row alone (median).
    :param batch_ms: Milliseconds of a batch of `batch_rows` rows (median).
    :param rows_per_month: Rows that the source has in 730 hours.
    :param p99_ms: Milliseconds of one row in a clean process, 99th percentile.
    :param peak_mb: Most memory of that process, in millions of bytes.
    :param rows_in_source: Rows that the source has, whenever they came.
    :param pattern: How requests to servers came, by their log.
    :param points: Times by size and by how many at once, where `stageline costs measure` took them.
    """

    single_ms: float
    batch_ms: float
    batch_rows: int
    rows_per_month: float | None = None
    p99_ms: float | None = None
    peak_mb: float | None = None
    points: tuple[Measured, ...] = ()
    rows_in_source: int | None = None
    pattern: Pattern | None = None

    @classmethod
    def of(
        cls,
        evaluated: Mapping[str, Any],
        validated: Mapping[str, Any] | None = None,
        timed: Mapping[str, Any] | None = None,
    ) -> Self:
        """Read them from the evidence of the steps `evaluate` and `validate`, and of `stageline costs measure`.

        :raises CostError: The evaluation measured no latency.
        """
        latency = evaluated.get("latency") or {}
        lacking = [key for key in ("single_ms", "batch_ms", "batch_rows") if not latency.get(key)]
        if lacking:
            raise CostError(f"the last evaluation holds no {', '.join(lacking)}; run the pipeline again")
        answer = (validated or {}).get("measured") or {}
        return cls(
            single_ms=latency["single_ms"], batch_ms=latency["batch_ms"], batch_rows=latency["batch_rows"],
            rows_per_month=evaluated.get("rows_per_month"),
            p99_ms=(timed or {}).get("p99_ms", answer.get("latency")), peak_mb=answer.get("memory"),
            points=tuple(Measured(*point) for point in (timed or {}).get("points", ())),
        )  # fmt: skip

    def beside(self, rows: int, pattern: Pattern | None) -> Self:
        """Return it with the rows that the source has (0: not known), and with the pattern of the traffic."""
        return replace(self, rows_in_source=rows or None, pattern=pattern)

    @property
    def memory_gib(self) -> float | None:
        """Memory of one process that serves the model."""
        return None if self.peak_mb is None else self.peak_mb / _MB_PER_GIB

    @property
    def variation(self) -> float | None:
        """Standard deviation of a request's time over its mean, from its median and 99th percentile, at most 1."""
        if self.p99_ms is None:
            return None
        spread = max(self.p99_ms - self.single_ms, 0.0) / (_HIGH - _MEDIAN)
        return min(1.0, spread / (self.single_ms + spread * (1 - _MEDIAN)))

    def service(self) -> ServiceTime:
        """Return the fitted service time; without a measured spread it counts as exponential, on the safe side."""
        points = list(self.points) or [Measured(1, 1, self.single_ms / 1_000)]
        if not self.points and self.batch_rows > 1:
            points.append(Measured(self.batch_rows, 1, self.batch_ms / 1_000))
        return fit_service_time(points, variation=1.0 if self.variation is None else self.variation)
