"""Numbers, money and times as people read them: three significant digits, thousands separators."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from stageline.spec.durations import parse_duration

NOTHING = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"

_WHOLE_FROM = 100.0
_POWER_FROM = 1e12
_POWER_BELOW = 1e-4
_NEAR_ONE = 0.99
_MOST_DECIMALS = 7
_TENTHS_BELOW = 10
_CENTS_BELOW = 1_000
_TENTH_OF_A_PERCENT = 0.001
_UNITS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


def plain(value: Any) -> str | None:
    """Return a single value as people read it; a text stays as it is, and a collection is not one value."""
    match value:
        case None:
            text: str | None = NOTHING
        case str():
            text = str(value)
        case bool():
            text = "yes" if value else "no"
        case int():
            text = whole(value)
        case float():
            text = number(value)
        case datetime():
            text = moment(value)
        case _:
            text = None
    return text


def number(value: float | None) -> str:
    """Return a number with three significant digits, and never fewer than its whole part has.

    Just below one it gets more digits: 0.9996 is not 1.00. Nothing and what is not finite is a dash.
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    size = abs(value)
    if size >= _POWER_FROM or 0 < size < _POWER_BELOW:
        return _power(value)
    if size >= _WHOLE_FROM or float(value).is_integer():
        return whole(value)
    if _NEAR_ONE < size < 1:
        decimals = min(_MOST_DECIMALS, max(3, -math.floor(math.log10(1 - size))))
    else:
        decimals = 2 - math.floor(math.log10(size))
    figure = f"{value:.{decimals}f}"
    # "0.5", not "0.500": the zeros would promise digits that nobody measured.
    return (figure.rstrip("0").rstrip(".") if "." in figure else figure).replace("-", MINUS)


def whole(value: float) -> str:
    """Return a number without decimals, with thousands separators; a huge one as a power of ten."""
    if abs(value) >= _POWER_FROM:
        return _power(value)
    return f"{value:,.0f}".replace("-", MINUS) if round(value) else "0"


def signed(value: float) -> str:
    """Return a difference, with a plus where it is positive."""
    return f"+{number(value)}" if math.isfinite(value) and value > 0 else number(value)


def percent(share: float | None) -> str:
    """Return a share as a percentage, to a tenth below ten percent."""
    if share is None or not math.isfinite(share):
        return NOTHING
    hundredfold = 100 * share
    decimals = 1 if 0 < abs(hundredfold) < _TENTHS_BELOW and not hundredfold.is_integer() else 0
    return f"{hundredfold:,.{decimals}f}".replace("-", MINUS) + f"{SPACE}%"


def rare(share: float | None) -> str:
    """Return a share as a percentage; a small one is never shown as none at all."""
    return f"< 0.1{SPACE}%" if share is not None and 0 < share < _TENTH_OF_A_PERCENT else percent(share)


def nearly(share: float | None) -> str:
    """Return a share as a percentage; one just below all is never shown as all."""
    if share is None or not _NEAR_ONE < share < 1:
        return rare(share)
    return f"{math.floor(1_000 * share) / 10:.1f}{SPACE}%"


def part(count: int, total: int) -> str:
    """Return a count, and its share of all unless it is none."""
    return f"{whole(count)} ({rare(count / total)})" if count and total else whole(count)


def money(amount: float, currency: str) -> str:
    """Return an amount behind its currency code, with cents where they matter."""
    if not math.isfinite(amount):
        return NOTHING
    cents = 1 <= abs(amount) < _CENTS_BELOW
    figure = f"{amount:.2f}".replace("-", MINUS) if cents else number(amount)
    return f"{currency}{SPACE}{figure}"


def moment(time: datetime) -> str:
    """Return a time to the minute; an aware one in UTC, one without a zone as it is."""
    if time.tzinfo is None:
        return time.isoformat(sep=" ", timespec="minutes")
    try:
        utc = time.astimezone(UTC)
    except OverflowError:  # the first and the last day of the calendar have no UTC in some zones
        return time.isoformat(sep=" ", timespec="minutes")
    return utc.replace(tzinfo=None).isoformat(sep=" ", timespec="minutes") + f"{SPACE}UTC"


def length(span: str | float) -> str:
    """Return a length of time in its largest whole unit.

    :param span: In seconds, or as ISO 8601 has it; what is neither stays as it is.
    """
    try:
        seconds = parse_duration(span).total_seconds() if isinstance(span, str) else float(span)
        whole_seconds = timedelta(seconds=seconds) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return str(span)
    for unit, name in _UNITS:
        if whole_seconds and whole_seconds % unit == 0:
            count = whole_seconds // unit
            return f"{whole(count)}{SPACE}{name}{'s' if name == 'day' and count > 1 else ''}"
    return f"{number(seconds)}{SPACE}s"


def _power(value: float) -> str:
    # Decimal takes whole numbers that no float can hold.
    digits, exponent = f"{Decimal(value):.2e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}".replace("-", MINUS)
