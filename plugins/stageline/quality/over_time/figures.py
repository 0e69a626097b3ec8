"""How the numbers of a band read: as precise as the band is narrow, and the value never like the end it crossed."""

import math
from dataclasses import dataclass

from stageline.quality.over_time.band import Band
from stageline.quality.over_time.run_metrics import Kind

_DIGITS = 2
_MOST_DECIMALS = 12
_GREATEST = 1e15
_EXACT = 17


@dataclass(frozen=True)
class Figures:
    """The numbers of a message, as text."""

    value: str
    low: str
    high: str
    expected: str
    step: str


def figures(kind: Kind, value: float, band: Band) -> Figures:
    """Return a value that left its band and the band's numbers as people read them."""
    low, high = math.ceil(band.low), math.floor(band.high)
    if kind is Kind.ROWS and low <= high:
        # The whole numbers inside.
        whole = [f"{number:,.0f}" for number in (value, low, high, band.expected)]
        return Figures(whole[0], whole[1], whole[2], whole[3], _sized(abs(band.step)))
    times, unit = (100, " %") if kind is Kind.NULL_SHARE else (1, "")
    numbers = [times * number for number in (value, band.low, band.high, band.expected)]
    scale = times * ((band.high - band.low) or abs(value - band.low))
    texts = [f"{text}{unit}" for text in _told_apart(numbers, 1 if value < band.low else 2, scale)]
    return Figures(texts[0], texts[1], texts[2], texts[3], f"{_sized(times * abs(band.step))}{unit}")


def _told_apart(numbers: list[float], crossed: int, scale: float) -> list[str]:
    first = _DIGITS - math.floor(math.log10(min(scale, 1e300)))
    for decimals in range(first, first + _EXACT):
        texts = [_rounded(number, decimals) for number in numbers]
        if texts[0] != texts[crossed]:
            return texts
    return [f"{number:.{_EXACT}g}" for number in numbers]


def _sized(number: float) -> str:
    """Return a size with three significant digits."""
    return _rounded(number, _DIGITS - math.floor(math.log10(number))) if number else "0"


def _rounded(number: float, decimals: int) -> str:
    rounded = round(number, decimals)
    if not rounded:
        return "0"
    size = abs(rounded)
    if decimals > _MOST_DECIMALS or size >= _GREATEST:
        digits = decimals + 1 + math.floor(math.log10(size))
        return f"{rounded:.{min(max(digits, 1), _EXACT)}g}"
    text = f"{rounded:,.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
