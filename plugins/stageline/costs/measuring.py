"""A model's service time by the size of a request and by how many come at once, measured: never inferred."""

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from stageline.costs.service_time import Measured
from stageline.exceptions import CostError

if TYPE_CHECKING:
    import pandas as pd

SIZES = (1, 10, 100, 1_000)
AT_ONCE = (2, 4, 8)
_CALLS = 40
_FEWER_CALLS = 9
_HIGH = 0.99
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class ServicePoints:
    """What was measured.

    :param points: Medians, of one request at a time and of several.
    :param p99_ms: Milliseconds within which 99 of 100 single rows alone were answered.
    """

    points: tuple[Measured, ...]
    p99_ms: float


def measure_service(
    model: Any, features: "pd.DataFrame", *, sizes: Sequence[int] = SIZES, at_once: Sequence[int] = AT_ONCE
) -> ServicePoints:
    """Time `model.predict` on requests of several sizes, and on single rows that several processes ask at once.

    :param features: Frame of shape (n, features), n at least 1; larger requests than n are left out.
    :param sizes: Rows of a request.
    :param at_once: Processes; more than this machine has CPUs are left out, since a replica has one for each.
    :raises CostError: There are no rows, or a process did not come back.
    """
    if not len(features):
        raise CostError("there are no rows to ask the model; run the pipeline on data first")
    model.predict(features.head(max(size for size in sizes if size <= len(features) or size == 1)))
    points: list[Measured] = []
    singles: list[float] = []
    for size in sorted({1, *(size for size in sizes if size <= len(features))}):
        seconds = _timed(model, features, size, _CALLS if size == 1 else _FEWER_CALLS)
        singles = seconds if size == 1 else singles
        points.append(Measured(size, 1, statistics.median(seconds)))
    points += [Measured(1, many, _together(model, features, many)) for many in at_once if many <= (os.cpu_count() or 1)]
    ranked = sorted(singles)
    return ServicePoints(tuple(points), 1_000 * ranked[min(len(ranked) - 1, int(_HIGH * len(ranked)))])


def _timed(model: Any, features: "pd.DataFrame", size: int, calls: int) -> list[float]:
    """Return the seconds of each call, on rows that move on."""
    seconds = []
    for call in range(calls):
        start = call * size % max(len(features) - size + 1, 1)
        rows = features.iloc[start : start + size]
        begin = time.perf_counter()
        model.predict(rows)
        seconds.append(time.perf_counter() - begin)
    return seconds


def _together(model: Any, features: "pd.DataFrame", many: int) -> float:
    """Return the median seconds of one row while as many processes ask at once, each with a model of its own."""
    # Not forked: a copy of a process with threads may hang.
    context = get_context("spawn")
    with context.Manager() as manager:
        barrier, found = manager.Barrier(many), manager.list()
        workers = [
            context.Process(target=_ask, args=(model, features, barrier, found), daemon=True) for _ in range(many)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(_PATIENCE_SECONDS)
        if len(found) != many:
            raise CostError(f"{len(found)} of {many} processes that asked the model at once came back; measure again")
        return float(statistics.median(second for seconds in found for second in seconds))


def _ask(model: Any, features: "pd.DataFrame", barrier: Any, found: Any) -> None:
    """Ask for single rows once all others are ready, in a process of its own."""
    model.predict(features.head(1))
    barrier.wait(_PATIENCE_SECONDS)
    found.append(_timed(model, features, 1, _CALLS))
