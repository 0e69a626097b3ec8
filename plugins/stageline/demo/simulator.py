"""Two years of hourly demand of a city's rental bikes, the same for the same seed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stageline.demo.city import simulate_city
from stageline.demo.climate import simulate_weather
from stageline.demo.demand import expected_rides
from stageline.demo.incident import Incident
from stageline.demo.randomness import stream, wander

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

TWO_YEARS = 17_544
_MOOD_SPREAD = 0.06
_GAMMA_SHAPE = 70


def simulate_demand(
    seed: int = 7,
    start: str = "2024-01-01",
    hours: int = TWO_YEARS,
    incidents: Sequence[Incident] = (),
) -> "pd.DataFrame":
    """Return one row an hour: the weather, the city, the price and the `rides` that were made.

    The city keeps UTC all year round. The same seed and start give the same rows, bit for bit on one
    platform, and a shorter simulation is the beginning of a longer one. `rides` is a negative binomial
    count around `expected_rides`, times a slow mood of the city that no column shows.

    :param seed: Seed of everything random, 0 or more.
    :param start: First hour, naive UTC, e.g. `2024-01-01`.
    :param hours: Number of rows before any incident, at least 1.
    :param incidents: What goes wrong; applied in this order, each with random numbers of its own.
    :raises ValueError: `start` is not a full hour without a time zone, or `hours` or `seed` is too small.
    """
    import pandas as pd

    if hours < 1:
        raise ValueError(f"hours = {hours}; expected at least 1")
    if seed < 0:
        raise ValueError(f"seed = {seed}; expected 0 or more")
    first = pd.Timestamp(start)
    if first.tzinfo is not None or first != first.floor("h"):
        raise ValueError(f"start = {start!r}; expected a full hour without a time zone, e.g. '2024-01-01T06:00'")
    index = pd.date_range(first, periods=hours, freq="h", unit="us")
    frame = pd.DataFrame(
        {"ride_hour": index, **simulate_weather(index, seed), **simulate_city(index, seed)},
    ).astype({"weather": "str"})
    frame["rides"] = _count(expected_rides(frame), seed)
    for incident in incidents:
        frame = incident.apply(frame, stream(seed, incident.name))
    return frame


def _count(mean: "NDArray[np.float64]", seed: int) -> "NDArray[np.int64]":
    import numpy as np

    mood = _MOOD_SPREAD * wander(stream(seed, "mood"), len(mean), memory=18)
    # A Poisson count whose rate is gamma distributed is negative binomial.
    rate = stream(seed, "rate").gamma(_GAMMA_SHAPE, 1 / _GAMMA_SHAPE, len(mean))
    return stream(seed, "rides").poisson(mean * np.exp(mood - _MOOD_SPREAD**2 / 2) * rate).astype(np.int64)
