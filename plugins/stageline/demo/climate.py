"""The city's weather: seasons, days and weather fronts that hang together."""

from typing import TYPE_CHECKING

from stageline.demo.randomness import stream, wander

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

# Positions on the standard normal scale of wetness above which the sky is overcast, or wet.
_CLOUDY_ABOVE = 0.0
_WET_ABOVE = 1.15
_SNOW_BELOW_C = 0.8


def seasonal_normal(hours: "pd.DatetimeIndex") -> "NDArray[np.float64]":
    """Return the temperature in °C that is normal for each day of the year, averaged over the day."""
    import numpy as np

    day = hours.day_of_year.to_numpy()
    normal: NDArray[np.float64] = 11.5 - 10.5 * np.cos(2 * np.pi * (day - 20) / 365.25)
    return normal


def simulate_weather(hours: "pd.DatetimeIndex", seed: int) -> "dict[str, NDArray[np.generic]]":
    """Return the columns `temperature_c`, `humidity`, `wind_speed_mps` and `weather`, one value an hour.

    One latent wetness drives the sky: clouds flatten the day's swing, rain cools and moistens the air.
    """
    import numpy as np

    count = len(hours)
    clock = hours.hour.to_numpy()
    normal = seasonal_normal(hours)
    wetness = wander(stream(seed, "wetness"), count, memory=20)
    cloudy, wet = wetness > _CLOUDY_ABOVE, wetness > _WET_ABOVE

    open_sky = 0.78 - 0.22 * np.tanh(1.5 * wetness)
    swing = (2.5 + 0.13 * normal) * open_sky * np.cos(2 * np.pi * (clock - 15) / 24)
    front = 3.3 * wander(stream(seed, "temperature"), count, memory=70)
    temperature = normal + swing + front - np.where(wet, 1.8, 0.0)

    # Warm hours hold the same water at a lower relative humidity.
    moisture = 0.045 * wander(stream(seed, "humidity"), count, memory=12)
    humidity = 0.66 - 0.022 * swing + 0.06 * wetness + np.where(wet, 0.10, 0.0) + moisture

    gusts = wander(stream(seed, "wind"), count, memory=9)
    breeze = 1 + 0.2 * np.cos(2 * np.pi * (clock - 14) / 24)
    wind = 3.1 * np.exp(0.45 * gusts) * breeze * np.where(wet, 1.25, 1.0)

    sky = np.where(cloudy, "cloudy", "clear")
    fall = np.where(temperature < _SNOW_BELOW_C, "snow", "rain")
    return {
        "temperature_c": np.round(temperature, 1),
        "humidity": np.round(np.clip(humidity, 0.15, 1.0), 2),
        "wind_speed_mps": np.round(wind, 1),
        "weather": np.where(wet, fall, sky),
    }
