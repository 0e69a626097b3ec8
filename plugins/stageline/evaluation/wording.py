"""How estimates and their intervals read in a check's message, and what makes one worth nothing."""

import math

from stageline.evaluation.bootstrap import Estimate

MIN_HOLDOUT = 30
_DIGITS, _ALL_DIGITS = 3, 17
# Powers of ten outside of which a number is written with an exponent.
_LEAST_PLAIN, _MOST_PLAIN = -5, 15


def doubt(estimate: Estimate, n: int) -> str | None:
    """Return why an estimate cannot be judged, or none if it can."""
    if n < MIN_HOLDOUT:
        return f"the holdout has {n:,} rows, at least {MIN_HOLDOUT} are needed"
    if not math.isfinite(estimate.value):
        return "it is not defined on the holdout"
    if any(bound is None or not math.isfinite(bound) for bound in (estimate.low, estimate.high)):
        return "it is not defined on most resamples of the holdout"
    return None


def negated(estimate: Estimate) -> Estimate:
    """Return the same difference, seen from the other side."""
    high, low = estimate.low, estimate.high
    return Estimate(-estimate.value, None if low is None else -low, None if high is None else -high)


def with_interval(estimate: Estimate, *, beside: float = 0.0) -> str:
    """Return an estimate with its interval, in as many digits as show on which side of a number it lies."""
    if estimate.low is None or estimate.high is None:
        return number(estimate.value, beside)
    low, high = number(estimate.low, beside), number(estimate.high, beside)
    return f"{number(estimate.value, beside)} (95 % interval {low} to {high})"


def number(value: float, beside: float) -> str:
    """Return three digits, or as many as it takes to see on which side of another number the value lies."""
    text = ""
    for digits in range(_DIGITS, _ALL_DIGITS + 1):
        text = _rounded(value, digits)
        shown = float(text.replace(",", ""))
        if (shown > beside, shown < beside) == (value > beside, value < beside):
            break
    return text


def _rounded(value: float, digits: int) -> str:
    value += 0.0  # minus zero becomes zero
    magnitude = math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0
    if not _LEAST_PLAIN <= magnitude <= _MOST_PLAIN:
        return f"{value:.{digits}g}"
    text = f"{value:,.{max(0, digits - 1 - magnitude)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
