"""How spans of time read in a proposal's support."""

_UNITS = ((86_400_000_000, "day"), (3_600_000_000, "hour"), (60_000_000, "minute"), (1_000_000, "second"))


def as_duration(microseconds: int) -> str:
    """Return a span in the largest unit that divides it: `2 days`, `90 minutes`."""
    for size, unit in _UNITS:
        if microseconds and microseconds % size == 0:
            count = microseconds // size
            return f"{count:,} {unit}{'' if count == 1 else 's'}"
    return f"{microseconds:,} microseconds"
