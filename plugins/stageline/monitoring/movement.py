"""How a column has moved, in words: from which value or share to which."""

from typing import TYPE_CHECKING

from stageline.monitoring.bins import NumericBins
from stageline.monitoring.signals import MISSING, NEW, OUTSIDE

if TYPE_CHECKING:
    import numpy as np

    from stageline.monitoring.bins import Bins
    from stageline.monitoring.signals import Part

_LONGEST = 40


def movement(kind: str, bins: "Bins", reference: "Part", current: "Part", *, private: bool = False) -> str:
    """Return what a person would say of the difference; empty where a side holds nothing.

    :param kind: Signal that is told of.
    :param reference: Of the season that the window is compared with.
    :param private: Whether no value may be told; shares of rows may.
    """
    usable = [int(part.bins.sum()) for part in (reference, current)]
    if kind == MISSING:
        lost = [part.nulls + part.odd for part in (reference, current)]
        return _shares("without a usable value", lost, [rows + gone for rows, gone in zip(usable, lost, strict=True)])
    if not all(usable):
        return ""
    if kind == NEW:
        return _shares("of new categories", [int(part.bins[-1]) for part in (reference, current)], usable)
    if private:
        return ""
    if isinstance(bins, NumericBins):
        return _range(bins, current) if kind == OUTSIDE else _median(bins, reference, current)
    return _category(bins.names, reference.bins, current.bins)


def _shares(what: str, parts: list[int], rows: list[int]) -> str:
    if not all(rows):
        return ""
    was, now = (part / whole for part, whole in zip(parts, rows, strict=True))
    return f"{_percent(now)} {what}, was {_percent(was)}"


def _range(bins: NumericBins, current: "Part") -> str:
    if current.low is None or current.high is None or not bins.cuts:
        return ""
    return (
        f"values from {_number(current.low)} to {_number(current.high)}, the reference has "
        f"{_number(bins.cuts[0])} to {_number(bins.cuts[-1])}"
    )


def _median(bins: NumericBins, reference: "Part", current: "Part") -> str:
    if not bins.cuts:
        return ""
    return f"its median is about {_number(_middle(bins, current))}, was {_number(_middle(bins, reference))}"


def _middle(bins: NumericBins, part: "Part") -> float:
    """Return the median as the bins know it: interpolated in the bin that holds it."""
    import numpy as np

    reached = np.cumsum(part.bins)
    half = reached[-1] / 2
    place = int(np.searchsorted(reached, half))
    ends = np.clip([place - 1, place], 0, len(bins.cuts) - 1)
    low, high = (bins.cuts[end] for end in ends)
    before = reached[place] - part.bins[place]
    return float(low + (high - low) * (half - before) / part.bins[place])


def _category(names: "tuple[str, ...]", reference: "np.ndarray", current: "np.ndarray") -> str:
    """Return the category whose share has changed most."""
    import numpy as np

    was, now = reference / reference.sum(), current / current.sum()
    place = int(np.argmax(np.abs(now - was)))
    name = "others" if place == len(names) else repr(_short(names[place]))
    return f"{name} is {_percent(now[place])}, was {_percent(was[place])}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def _number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1e6 else f"{value:.4g}"  # noqa: PLR2004 - longer ones are read as powers
