"""Units of what is paid for, and amounts of it: hours are never taken for seconds, nor requests for labels."""

import math
from dataclasses import dataclass
from typing import Self

from stageline.exceptions import CostError
from stageline.spec.wording import suggestion

HOURS_PER_MONTH = 730.0  # 8,760 hours a year; what the clouds' own calculators take
SECONDS_PER_HOUR = 3_600.0
SECONDS_PER_MONTH = HOURS_PER_MONTH * SECONDS_PER_HOUR
DAYS_PER_MONTH = HOURS_PER_MONTH / 24

# Unit: its dimension, and its size in the first unit of that dimension. GiB are 2**30 bytes: what price pages call GB.
UNITS: dict[str, tuple[str, float]] = {
    "second": ("time", 1), "minute": ("time", 60), "hour": ("time", 3_600),
    "vCPU-second": ("time of vCPUs", 1), "vCPU-hour": ("time of vCPUs", 3_600),
    "GiB-second": ("time of memory", 1), "GiB-hour": ("time of memory", 3_600),
    "instance-second": ("time of instances", 1), "instance-hour": ("time of instances", 3_600),
    "KiB": ("data", 1), "MiB": ("data", 1_024), "GiB": ("data", 1_024**2), "TiB": ("data", 1_024**3),
    "GiB-month": ("stored data", 1), "TiB-month": ("stored data", 1_024),
    "request": ("requests", 1), "1,000 requests": ("requests", 1_000), "1,000,000 requests": ("requests", 1_000_000),
    "label": ("labels", 1), "1,000 labels": ("labels", 1_000),
    "metric-month": ("kept metrics", 1),
    "engineer-hour": ("time of engineers", 1), "engineer-day": ("time of engineers", 8),
    "server": ("servers", 1), "server-month": ("time of servers", 1),
    "kWh": ("energy", 1),
    "month": ("months", 1), "year": ("months", 12),
}  # fmt: skip


def check_unit(unit: str) -> str:
    """Return the unit.

    :raises CostError: It is not one that something is priced in.
    """
    if unit not in UNITS:
        raise CostError(f"unknown unit {unit!r}; {suggestion(unit, UNITS)}")
    return unit


def factor(given: str, wanted: str) -> float:
    """Return how many of the wanted unit are in one of the given.

    :raises CostError: They measure different things, or one is unknown.
    """
    dimension, size = UNITS[check_unit(given)]
    other, other_size = UNITS[check_unit(wanted)]
    if dimension != other:
        raise CostError(f"{given!r} measures {dimension}, {wanted!r} measures {other}: one is never the other")
    return size / other_size


@dataclass(frozen=True)
class Quantity:
    """So much of something, in a unit; only the same units are added.

    :param value: At least 0.
    :param unit: A key of `UNITS`.
    :raises CostError: The value is negative or not finite, or the unit is unknown.
    """

    value: float
    unit: str

    def __post_init__(self) -> None:
        check_unit(self.unit)
        if isinstance(self.value, bool) or not (math.isfinite(self.value) and self.value >= 0):
            raise CostError(f"found {self.value!r} {self.unit}; expected a finite number of at least 0")

    def __str__(self) -> str:
        return f"{self.value:,.12g} {self.unit}"

    def __add__(self, other: "Quantity") -> Self:
        if not isinstance(other, Quantity):
            raise CostError(f"{other!r} added to {self}: it has no unit; write Quantity({other!r}, {self.unit!r})")
        if other.unit != self.unit:
            factor(other.unit, self.unit)  # says so where they measure different things
            raise CostError(f"{other} added to {self}: two units; convert one first with .to({self.unit!r})")
        return type(self)(self.value + other.value, self.unit)

    def __mul__(self, times: float) -> Self:
        if isinstance(times, Quantity):
            raise CostError(f"{self} times {times}: multiply by a number, and name the unit of the product")
        return type(self)(self.value * times, self.unit)

    __rmul__ = __mul__

    def to(self, unit: str) -> Self:
        """Return the same amount in another unit of the same dimension."""
        return type(self)(self.value * factor(self.unit, unit), unit)


def gib_months(gib_hours: float, *, hours_in_month: float) -> Quantity:
    """Return stored data as storage is billed: the mean over the month's own hours, 672 to 744.

    :param gib_hours: GiB times the hours each was stored.
    """
    return Quantity(gib_hours / hours_in_month, "GiB-month")
