"""The city and its bike service: free days, events, members and the price list."""

from typing import TYPE_CHECKING

from stageline.demo.randomness import stream, wander

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_FIXED_HOLIDAYS = ((1, 1), (1, 6), (5, 1), (8, 15), (11, 1), (12, 25), (12, 26))
# (month, first possible day): the Monday on that day or within the six that follow.
_MONDAY_HOLIDAYS = ((2, 15), (4, 15), (5, 25), (9, 1))
_LAUNCH = "2022-01-01"
# It never rises: what no incident changes is to stay as it was.
_LIST_PRICE = 2.2
_DISCOUNTS, _DISCOUNT_SHARES = (0.0, 0.4, 0.8), (0.78, 0.12, 0.10)


def is_holiday(hours: "pd.DatetimeIndex") -> "NDArray[np.bool_]":
    """Return whether each hour lies on one of the city's eleven public holidays."""
    import numpy as np

    month, day, monday = hours.month.to_numpy(), hours.day.to_numpy(), hours.day_of_week.to_numpy() == 0
    free = np.zeros(len(hours), dtype=bool)
    for in_month, on_day in _FIXED_HOLIDAYS:
        free |= (month == in_month) & (day == on_day)
    for in_month, first in _MONDAY_HOLIDAYS:
        free |= monday & (month == in_month) & (day >= first) & (day < first + 7)
    return free


def simulate_city(hours: "pd.DatetimeIndex", seed: int) -> "dict[str, NDArray[np.generic]]":
    """Return the columns that stand beside the weather, one value an hour.

    They are `is_holiday`, `is_workday`, `events_nearby` (events going on), `active_members_7d` (members
    who rode in the last seven days, counted at midnight) and `price_per_ride`.
    """
    import numpy as np

    holiday = is_holiday(hours)
    workday = (hours.day_of_week.to_numpy() < 5) & ~holiday  # noqa: PLR2004 - Saturday is day 5
    days = hours.normalize()
    day = (days - days[0]).days.to_numpy()
    first = np.flatnonzero(np.diff(day, prepend=-1))
    return {
        "is_holiday": holiday,
        "is_workday": workday,
        "events_nearby": _events(hours.hour.to_numpy(), day, ~workday[first], seed),
        "active_members_7d": _members(days[first], seed)[day],
        "price_per_ride": _prices(len(first), seed)[day],
    }


def _events(
    clock: "NDArray[np.int32]", day: "NDArray[np.int64]", free: "NDArray[np.bool_]", seed: int
) -> "NDArray[np.int64]":
    import numpy as np

    evening = stream(seed, "evening events").poisson(np.where(free, 1.5, 0.7))[day]
    daytime = stream(seed, "daytime events").poisson(np.where(free, 0.9, 0.15))[day]
    in_evening, in_daytime = (clock >= 18) & (clock < 23), (clock >= 10) & (clock < 17)  # noqa: PLR2004 - opening hours
    return (evening * in_evening + daytime * in_daytime).astype(np.int64)


def _members(days: "pd.DatetimeIndex", seed: int) -> "NDArray[np.int64]":
    import numpy as np
    import pandas as pd

    age = (days - pd.Timestamp(_LAUNCH)).days.to_numpy()
    # Logistic growth: the city is nearly saturated in 2024.
    grown = 52_000 / (1 + np.exp(-(age - 330) / 180))
    season = 1 - 0.12 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 25) / 365.25)
    churn = np.exp(0.02 * wander(stream(seed, "members"), len(days), memory=10))
    members: NDArray[np.int64] = np.round(grown * season * churn).astype(np.int64)
    return members


def _prices(days: int, seed: int) -> "NDArray[np.float64]":
    import numpy as np

    discounts = stream(seed, "price").choice(_DISCOUNTS, days, p=_DISCOUNT_SHARES)
    rounded: NDArray[np.float64] = np.round(_LIST_PRICE - discounts, 2)
    return rounded
