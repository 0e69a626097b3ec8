"""The true mean of the hourly demand: what no model can know, and every model tries to learn."""

from typing import TYPE_CHECKING

from stageline.demo.climate import seasonal_normal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# How far each kind of weather cuts the rides of people who must travel, and of those who need not.
_COMMUTE_IN = {"clear": 1.0, "cloudy": 0.97, "fog": 0.50, "rain": 0.68, "snow": 0.42}
_LEISURE_IN = {"clear": 1.0, "cloudy": 0.88, "fog": 0.30, "rain": 0.36, "snow": 0.18}
_REFERENCE_MEMBERS = 50_000
_REFERENCE_PRICE = 2.2
_FRIDAY, _SUNDAY = 4, 6


def expected_rides(frame: "pd.DataFrame") -> "NDArray[np.float64]":
    """Return the mean number of rides in each hour, given the true values of the feature columns.

    Commuters and leisure riders have a mean each; they differ in their hours and in how much weather,
    price and events move them. The mean depends on nothing but the frame's own columns.

    :param frame: Columns of `simulate_demand`, without nulls or faults; `weather` may also be `fog`.
    """
    import numpy as np
    import pandas as pd

    hours = pd.DatetimeIndex(frame["ride_hour"])
    growth = (frame["active_members_7d"].to_numpy() / _REFERENCE_MEMBERS) ** 0.85
    price = frame["price_per_ride"].to_numpy() / _REFERENCE_PRICE
    calm = np.exp(-0.045 * np.clip(frame["wind_speed_mps"].to_numpy() - 4, 0, None))
    dry = 1 - 0.5 * np.clip(frame["humidity"].to_numpy() - 0.75, 0, None)
    comfort = _comfort(frame["temperature_c"].to_numpy())
    weather = frame["weather"]

    commute = _commute_hours(hours, frame["is_workday"].to_numpy()) * _holiday_season(hours)
    commute *= weather.map(_COMMUTE_IN).to_numpy() * comfort**0.6 * calm**0.7 * price**-0.35
    leisure = _leisure_hours(hours, frame["is_workday"].to_numpy(), frame["is_holiday"].to_numpy())
    leisure *= weather.map(_LEISURE_IN).to_numpy() * comfort**1.3 * calm**1.4 * price**-1.1
    leisure *= _spring_fever(hours, frame["temperature_c"].to_numpy()) * dry
    leisure *= 1 + 0.12 * frame["events_nearby"].to_numpy()
    mean: NDArray[np.float64] = growth * (900 * commute + 640 * leisure)
    return mean


def _bump(clock: "NDArray[np.int32]", peak: float, width: float) -> "NDArray[np.float64]":
    import numpy as np

    distance = (clock - peak + 12) % 24 - 12
    bump: NDArray[np.float64] = np.exp(-0.5 * (distance / width) ** 2)
    return bump


def _commute_hours(hours: "pd.DatetimeIndex", workday: "NDArray[np.bool_]") -> "NDArray[np.float64]":
    import numpy as np

    clock = hours.hour.to_numpy()
    friday = hours.day_of_week.to_numpy() == _FRIDAY
    home = np.where(friday, 0.85 * _bump(clock, 16, 1.9), 1.1 * _bump(clock, 17.5, 1.5))
    return np.where(workday, 0.03 + _bump(clock, 8, 1.1) + home + 0.22 * _bump(clock, 12.5, 2.2), 0.04)


def _leisure_hours(
    hours: "pd.DatetimeIndex", workday: "NDArray[np.bool_]", holiday: "NDArray[np.bool_]"
) -> "NDArray[np.float64]":
    import numpy as np

    clock, weekday = hours.hour.to_numpy(), hours.day_of_week.to_numpy()
    afternoon = 0.08 + _bump(clock, 14.5, 3.6) + 0.3 * _bump(clock, 20, 2.4)
    evening = 0.05 + 0.22 * _bump(clock, 13, 3.5) + 0.45 * _bump(clock, 19.5, 2.4)
    going_home = np.where((weekday > _FRIDAY) & (clock < 6), 0.25 * _bump(clock, 0.5, 2.0), 0.0)  # noqa: PLR2004 - dawn
    free_day = np.where(weekday == _SUNDAY, 0.88, 1.0) * np.where(holiday, 0.8, 1.0)
    return np.where(workday, evening, afternoon * free_day) + going_home


def _comfort(temperature: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return 1 at 22 °C and less on both sides, falling faster where it is hot."""
    import numpy as np

    width = np.where(temperature > 22, 11.0, 19.0)  # noqa: PLR2004 - the most comfortable temperature
    comfort: NDArray[np.float64] = np.exp(-(((temperature - 22) / width) ** 2))
    return comfort


def _spring_fever(hours: "pd.DatetimeIndex", temperature: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """Return the gain of pleasant hours that come out of season: everyone wants to be outside."""
    import numpy as np

    surprise = np.clip(temperature - seasonal_normal(hours) - 6, 0, 12)
    pleasant = np.exp(-(((temperature - 18) / 6) ** 2))
    return 1 + 0.16 * surprise * pleasant


def _holiday_season(hours: "pd.DatetimeIndex") -> "NDArray[np.float64]":
    """Return the share of commuters that is not away: summer holidays, and the turn of the year."""
    import numpy as np

    month, day = hours.month.to_numpy(), hours.day.to_numpy()
    new_year = ((month == 12) & (day >= 23)) | ((month == 1) & (day <= 3))  # noqa: PLR2004 - dates
    summer = (month == 7) | (month == 8)  # noqa: PLR2004 - July and August
    return np.select([new_year, summer], [0.65, 0.87], 1.0)
