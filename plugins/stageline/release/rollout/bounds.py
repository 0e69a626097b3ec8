"""An estimate with bounds that hold however often one looks: what is not rejected lies between them."""

import math
from collections.abc import Callable
from dataclasses import dataclass

# Evidence against a supposed value, as a logarithm: of an e-process, which in the long run is no gain if it is true.
Evidence = Callable[[float], float]
_HALVINGS = 14
_DOUBLINGS = 40
_FIRST_STEP = 1e-3


@dataclass(frozen=True)
class Bounds:
    """What is known of a quantity.

    :param low: Least value that is not rejected; minus infinity: none is.
    :param high: Largest one; infinity: none is.
    """

    value: float
    low: float
    high: float

    @property
    def defined(self) -> bool:
        """Whether there is an estimate."""
        return math.isfinite(self.value)


def lowest(evidence: Evidence, *, alpha: float, value: float, least: float, pivot: float) -> float:
    """Return the largest value of which it is rejected that the truth lies at or below it.

    :param evidence: Against: it lies at or below the number given.
    :param alpha: Share of the looks' whole sequences in which the bound may ever be wrong.
    :param value: The estimate; the bound lies below it.
    :param least: Least value there is; returned where nothing is rejected.
    :param pivot: The value that decides: the bound lies at it or above exactly where it is rejected; else it is found
        within a small part of the way.
    """
    against = -math.log(alpha)

    def rejected(tried: float) -> bool:
        return evidence(tried) >= against

    if rejected(pivot):
        return _edge(rejected, pivot, max(value, pivot))
    start = min(value, pivot)
    inside = _first(rejected, start, least)
    return least if inside is None else max(_edge(rejected, inside, start), least)


def highest(evidence: Evidence, *, alpha: float, value: float, most: float, pivot: float) -> float:
    """Return the least value of which it is rejected that the truth lies at or above it: see :func:`lowest`."""
    mirrored = lowest(lambda tried: evidence(-tried), alpha=alpha, value=-value, least=-most, pivot=-pivot)
    return -mirrored


def _edge(rejected: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return the last number on the way that is rejected, from one that is."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if rejected(middle) else (inside, middle)
    return inside


def _first(rejected: Callable[[float], bool], start: float, least: float) -> float | None:
    """Return a number below the start that is rejected: the way there is doubled until there is one."""
    step = max(abs(start), _FIRST_STEP) / 8
    for _ in range(_DOUBLINGS):
        tried = start - step
        if tried <= least:
            return None
        if rejected(tried):
            return tried
        step *= 2
    return None
