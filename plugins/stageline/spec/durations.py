"""ISO 8601 durations, as far as they have one fixed length: weeks, days, hours, minutes, seconds."""

import re
from datetime import timedelta

from stageline.spec.wording import quoted

PATTERN = r"^P(?=.)([0-9]+W)?([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$"

_PARTS = re.compile(
    r"P(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+)S)?)?"
)
_LONGEST = timedelta(days=36_525)
_MOST_DIGITS = 12


def parse_duration(text: str) -> timedelta:
    """Return the length of an ISO 8601 duration such as `P7D` or `PT12H`.

    Years and months are refused: their length depends on the calendar.

    :raises ValueError: The text is not such a duration, or one of more than 100 years.
    """
    match = _PARTS.fullmatch(text)
    counts = {unit: count for unit, count in match.groupdict().items() if count} if match else {}
    if not counts or text.endswith("T"):
        raise ValueError(
            f"{quoted(text)} is not an ISO 8601 duration of weeks, days, hours, minutes or seconds, e.g. P7D or PT12H"
        )
    # The number of digits is looked at first: a timedelta overflows, and int refuses above 4,300 digits.
    long = any(len(count) > _MOST_DIGITS for count in counts.values())
    length = None if long else _length({unit: int(count) for unit, count in counts.items()})
    if length is None:
        raise ValueError(f"the duration {quoted(text)} is longer than 100 years")
    return length


def format_duration(length: timedelta) -> str:
    """Return a whole number of seconds as ISO 8601, in days, hours, minutes and seconds.

    The inverse of :func:`parse_duration`; a duration is never written in years.
    """
    minutes, seconds = divmod(length.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    units = ((hours, "H"), (minutes, "M"), (seconds, "S"))
    time = "".join(f"{count}{unit}" for count, unit in units if count)
    days = f"{length.days}D" if length.days else ""
    return f"P{days}T{time}" if time else f"P{days}" if days else "PT0S"


def _length(counts: dict[str, int]) -> timedelta | None:
    try:
        length = timedelta(**counts)
    except OverflowError:
        return None
    return length if length <= _LONGEST else None
