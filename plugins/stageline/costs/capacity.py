"""Whole servers for many loads at once: the exact bound of `queueing`, tabulated."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from stageline.costs.queueing import STEADY, Objective

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_RATIO = 10.0  # without an objective: 99 % of the answers within ten times their own mean time
DEFAULT_SHARE = 0.99
ROOM = 1.25  # an objective less than a quarter above what an idle server keeps is not held in practice
_EVERY = 128
_STEP = 1.06
_LARGEST = 1e7
_HALVINGS = 50
_MOST_RATIOS = 17


def servers_for(
    arrivals_per_second: "NDArray[np.float64]",
    service_seconds: "NDArray[np.float64]",
    objective: Objective | None,
    variation: float,
) -> "NDArray[np.float64]":
    """Return the least whole numbers of servers that keep the objective, at least 1; arrays broadcast.

    Up to 128 servers the number is exact; above, within one server of it. Where many service times are given they are
    grouped, and the numbers lie on the side of more servers. Where the objective is out of reach, it is taken as a
    quarter above what an idle server keeps; `out_of_reach` says where.

    :param arrivals_per_second: At the peak.
    :param service_seconds: Mean time of a request on a busy server.
    :param variation: Standard deviation of the service time over its mean.
    """
    import numpy as np

    share = objective.share if objective else DEFAULT_SHARE
    service = np.asarray(service_seconds, float)
    ratios = objective.within_seconds / service if objective else np.full_like(service, DEFAULT_RATIO)
    ratios = np.maximum(ratios, ROOM * least_ratio(1 - share, variation))
    load = np.asarray(arrivals_per_second * service, float)
    distinct = np.unique(ratios)
    if len(distinct) == 1:
        return _looked_up(load, float(distinct[0]), 1 - share, variation)
    if len(distinct) <= _MOST_RATIOS:
        marks = distinct
    else:
        marks = np.geomspace(distinct[0] * (1 - 1e-12), distinct[-1], _MOST_RATIOS)
    group = np.searchsorted(marks, ratios, side="right") - 1
    # A draw mostly has one service time: then whole rows are looked up together.
    group = group[:, 0] if group.shape == (*load.shape[:1], 1) else np.broadcast_to(group, load.shape)
    servers = np.empty(load.shape)
    for index, mark in enumerate(marks):
        chosen = np.nonzero(group == index)
        if len(chosen[0]):
            servers[chosen] = _looked_up(load[chosen], float(mark), 1 - share, variation)
    return servers


def out_of_reach(
    service_seconds: "NDArray[np.float64]", objective: Objective | None, variation: float
) -> "NDArray[np.bool_]":
    """Return where no number of servers keeps the objective: an answer alone takes too long."""
    import numpy as np

    service = np.asarray(service_seconds, float)
    if objective is None:
        return np.zeros(service.shape, bool)
    least = ROOM * least_ratio(1 - objective.share, variation)
    return np.asarray(objective.within_seconds / service < least)


def least_ratio(late: float, variation: float) -> float:
    """Return within how many mean service times an idle server answers all but the share `late`."""
    # From P(S > t) = exp(-(t - (1 - v)) / v), the service of `queueing`.
    return max(0.0, 1 - variation) + variation * math.log(1 / late)


def _looked_up(load: "NDArray[np.float64]", ratio: float, late: float, variation: float) -> "NDArray[np.float64]":
    import numpy as np

    loads, servers = _table(ratio, late, variation)
    beyond = np.maximum(load - loads[-1], 0.0) * (servers[-1] - servers[-2]) / (loads[-1] - loads[-2])
    return np.asarray(np.maximum(np.ceil(np.interp(load, loads, servers) + beyond), 1.0))


@lru_cache(maxsize=512)
def _table(ratio: float, late: float, variation: float) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """Return ascending loads in erlangs, and the servers that carry each and no more."""
    import numpy as np

    grown = math.floor(math.log(_LARGEST / _EVERY) / math.log(_STEP))
    servers = np.concatenate(
        [np.arange(1.0, _EVERY + 1), np.ceil(_EVERY * _STEP ** np.arange(1.0, grown + 1))],
    )
    low, high = np.zeros_like(servers), servers.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        kept = _late(servers, middle, ratio, variation) <= late
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return low, servers


def _late(
    servers: "NDArray[np.float64]", load: "NDArray[np.float64]", ratio: float, variation: float
) -> "NDArray[np.float64]":
    """Return `queueing.late_share` of arrays: Erlang's first formula by the incomplete gamma function."""
    import numpy as np
    from scipy.special import gammaincc, gammaln, xlogy

    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        blocked = np.exp(xlogy(servers, load) - load - gammaln(servers + 1)) / gammaincc(servers + 1, load)
        waiting = servers * blocked / (servers - load * (1 - blocked))
        drain = (servers - load) * 2 / (1 + variation**2)
        left = ratio - max(0.0, 1 - variation)
        if variation < STEADY:
            late = waiting * np.exp(-drain * left)
        else:
            pace = 1 / variation
            apart = np.where(np.abs(drain - pace) < 1e-9 * pace, pace * (1 + 1e-6), drain)
            both = (apart * np.exp(-pace * left) - pace * np.exp(-apart * left)) / (apart - pace)
            late = (1 - waiting) * np.exp(-pace * left) + waiting * np.minimum(1.0, both)
    return np.where(load >= servers, 1.0, late)
