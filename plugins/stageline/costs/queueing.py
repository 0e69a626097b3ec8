"""How many servers keep a latency objective: waiting in a queue of several servers, and the time of the answer itself.

One queue, c servers, Poisson arrivals at rate λ, mean service time s; a = λ·s is the offered load in erlangs.

- P(wait) = C(c, a), Erlang's second formula (Erlang 1917), from the first by C = c·B / (c - a·(1 - B)).
- P(W > t) = C · exp(-(c - a)·t/s · 2/(1 + v²)): exact for exponential service (v = 1); for others the heavy-traffic
  exponential whose mean is Allen and Cunneen's (Allen 1990; Whitt 1993), v the service's coefficient of variation.
- Service is modelled as a fixed part s·(1 - v) plus an exponential part of mean s·v, for v up to 1: mean s, standard
  deviation s·v. Above 1 it is exponential with mean s·v, which is on the safe side.
- The answer's time is the sum of both, taken as independent (they are, first come first served).
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from stageline.exceptions import CostError

STEADY = 1e-3
_NEAR = 1e-9


@dataclass(frozen=True)
class Objective:
    """Which share of the answers has to come within which time.

    :param within_seconds: From the request's arrival to its answer, without the network.
    :param share: Of the answers, above 0 and below 1.
    """

    within_seconds: float
    share: float = 0.99

    def __post_init__(self) -> None:
        if not (math.isfinite(self.within_seconds) and self.within_seconds > 0):
            raise CostError(f"within_seconds is {self.within_seconds!r}; expected a finite time above 0")
        if not 0 < self.share < 1:
            raise CostError(f"share is {self.share!r}; expected a share above 0 and below 1, e.g. 0.99")


def erlang_b(servers: int, load: float) -> float:
    """Return the share of requests that find all servers busy where nobody waits.

    :param load: Offered load a = λ·s, in erlangs, at least 0.
    """
    blocked = 1.0
    for busy in range(1, servers + 1):
        blocked = load * blocked / (busy + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Return the share of requests that have to wait; 1 where the servers cannot keep up.

    :param load: Offered load a = λ·s, in erlangs, at least 0.
    """
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


def late_share(servers: int, load: float, ratio: float, variation: float = 1.0) -> float:
    """Return the share of answers that take longer than `ratio` mean service times.

    :param load: Offered load a = λ·s, in erlangs.
    :param ratio: The time allowed over the mean service time.
    :param variation: Standard deviation of the service time over its mean.
    """
    if load >= servers:
        return 1.0
    return tail(erlang_c(servers, load), (servers - load) * 2 / (1 + variation**2), ratio, variation)


def tail(waiting: float, drain: float, ratio: float, variation: float) -> float:
    """Return P(W + S > ratio) in units of the mean service time.

    :param waiting: Share that waits.
    :param drain: Rate of the exponential wait of those that do.
    """
    left = ratio - max(0.0, 1 - variation)
    if left < 0:
        return 1.0
    if variation < STEADY:
        return waiting * math.exp(-drain * left)
    pace = 1 / variation
    if abs(drain - pace) < _NEAR * pace:
        both = (1 + pace * left) * math.exp(-pace * left)
    else:
        both = (drain * math.exp(-pace * left) - pace * math.exp(-drain * left)) / (drain - pace)
    return (1 - waiting) * math.exp(-pace * left) + waiting * min(1.0, both)


def keeps(servers: int, arrivals_per_second: float, service_seconds: float, objective: Objective, v: float) -> bool:
    """Whether so many servers keep the objective.

    :param v: Standard deviation of the service time over its mean.
    """
    ratio = objective.within_seconds / service_seconds
    return late_share(servers, arrivals_per_second * service_seconds, ratio, v) <= 1 - objective.share


def possible(service_seconds: float, objective: Objective, variation: float = 1.0) -> bool:
    """Whether any number of servers keeps the objective: the answer's own time must, without any wait."""
    return tail(0.0, 1.0, objective.within_seconds / service_seconds, variation) <= 1 - objective.share


def servers_needed(
    arrivals_per_second: float, service_seconds: float, objective: Objective, *, variation: float = 1.0
) -> int:
    """Return the least number of servers that keeps the objective, at least 1.

    :param arrivals_per_second: At the peak.
    :param variation: Standard deviation of the service time over its mean.
    :raises CostError: The rate is negative or not finite, or no number of servers would do.
    """
    if not (math.isfinite(arrivals_per_second) and arrivals_per_second >= 0):
        raise CostError(f"{arrivals_per_second!r} arrivals a second; expected a finite rate of at least 0")
    if not possible(service_seconds, objective, variation):
        raise CostError(
            f"no number of servers answers {objective.share:.4g} of all requests within {objective.within_seconds:g} "
            f"s: an answer alone takes {service_seconds:g} s on average; allow more time or use a faster model"
        )
    least = max(1, math.floor(arrivals_per_second * service_seconds) + 1)
    if keeps(least, arrivals_per_second, service_seconds, objective, variation):
        return least
    few, many = least, 2 * least
    while not keeps(many, arrivals_per_second, service_seconds, objective, variation):
        few, many = many, 2 * many
    while many - few > 1:
        middle = (few + many) // 2
        if keeps(middle, arrivals_per_second, service_seconds, objective, variation):
            many = middle
        else:
            few = middle
    return many


@lru_cache(maxsize=4_096)
def most_load(servers: int, ratio: float, late: float, variation: float) -> float:
    """Return the largest offered load that so many servers carry with at most the share `late` of answers late.

    :param ratio: The time allowed over the mean service time.
    :return: In erlangs, below `servers`; 0 where no load would do.
    """
    if late_share(servers, 0.0, ratio, variation) > late:
        return 0.0
    low, high = 0.0, float(servers)
    for _ in range(60):
        middle = (low + high) / 2
        if late_share(servers, middle, ratio, variation) <= late:
            low = middle
        else:
            high = middle
    return low
