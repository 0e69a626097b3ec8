"""What incidents do to rows: faults of the delivery, and events in the world that riders answer to.

Each effect takes the affected rows, which it may change, and random numbers; it returns the rows as they
are then delivered, in the same order, with any rows that are too many at the end.
"""

from typing import TYPE_CHECKING

from stageline.demo.demand import expected_rides

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_FRONT_HOURS = 18
# Warm air must differ from known air by its temperature alone.
_DRIEST = 0.4


def blank(rows: "pd.DataFrame", rng: "np.random.Generator", *, column: str, share: float) -> "pd.DataFrame":
    """Lose a share of a column's values."""
    lost = rng.choice(len(rows), size=round(share * len(rows)), replace=False)
    rows.iloc[lost, rows.columns.get_loc(column)] = None
    return rows


def stick(rows: "pd.DataFrame", _rng: "np.random.Generator", *, column: str) -> "pd.DataFrame":
    """Repeat the first value of a column, as a sensor does whose last reading is never renewed."""
    rows[column] = rows[column].iloc[0]
    return rows


def to_fahrenheit(rows: "pd.DataFrame", _rng: "np.random.Generator", *, column: str) -> "pd.DataFrame":
    """Turn a temperature from °C into °F under the same name."""
    rows[column] = (rows[column] * 9 / 5 + 32).round(1)
    return rows


def shift_clock(rows: "pd.DataFrame", _rng: "np.random.Generator", *, column: str, hours: int) -> "pd.DataFrame":
    """Move timestamps, and nothing else, by whole hours."""
    import pandas as pd

    rows[column] = (rows[column] + pd.Timedelta(hours=hours)).astype(rows[column].dtype)
    return rows


def deliver_twice(rows: "pd.DataFrame", _rng: "np.random.Generator") -> "pd.DataFrame":
    """Append the rows to themselves."""
    import pandas as pd

    return pd.concat([rows, rows])


def count_twice(rows: "pd.DataFrame", rng: "np.random.Generator", *, share: float) -> "pd.DataFrame":
    """Count a share of the rides twice, as a join does that finds two partners for them."""
    rides = rows["rides"].to_numpy()
    rows["rides"] = rides + rng.binomial(rides, share)
    return rows


def scale_rides(rows: "pd.DataFrame", rng: "np.random.Generator", *, factor: float) -> "pd.DataFrame":
    """Multiply the demand by something that no column says."""
    import numpy as np

    rows["rides"] = _redraw(rows, np.full(len(rows), factor), rng)
    return rows


def run_short(rows: "pd.DataFrame", _rng: "np.random.Generator", *, capacity: int) -> "pd.DataFrame":
    """Let bikes run out: the busier the hour, the more riders find none."""
    import numpy as np

    served = capacity * (1 - np.exp(-rows["rides"].to_numpy() / capacity))
    rows["rides"] = np.round(served).astype(np.int64)
    return rows


def forget_price(rows: "pd.DataFrame", rng: "np.random.Generator", *, felt_price: float) -> "pd.DataFrame":
    """Let riders act as if every ride had one price, whatever the price list says."""
    felt = rows.assign(price_per_ride=felt_price)
    rows["rides"] = _redraw(rows, expected_rides(felt) / expected_rides(rows), rng)
    return rows


def warm_up(rows: "pd.DataFrame", rng: "np.random.Generator", *, degrees: float) -> "pd.DataFrame":
    """Bring clear, dry, warm air, rising and falling at the ends; riders answer as they always would."""
    import numpy as np

    hour = np.arange(len(rows))
    moist = rows["humidity"].to_numpy()
    strength = np.minimum(1, np.minimum(hour + 1, len(rows) - hour) / _FRONT_HOURS)
    warm = rows.assign(
        temperature_c=(rows["temperature_c"] + degrees * strength).round(1),
        humidity=np.round(np.maximum(moist - 0.15 * strength, np.minimum(moist, _DRIEST)), 2),
        weather="clear",
    )
    warm["rides"] = _redraw(rows, expected_rides(warm) / expected_rides(rows), rng)
    return warm


def spread_fog(rows: "pd.DataFrame", rng: "np.random.Generator") -> "pd.DataFrame":
    """Bring fog: still, moist air and a kind of weather of its own; riders stay at home."""
    import numpy as np

    foggy = rows.assign(
        humidity=np.round(rng.uniform(0.93, 1.0, len(rows)), 2),
        wind_speed_mps=(rows["wind_speed_mps"] * 0.4).round(1),
        weather="fog",
    )
    foggy["rides"] = _redraw(rows, expected_rides(foggy) / expected_rides(rows), rng)
    return foggy


def _redraw(rows: "pd.DataFrame", ratio: "NDArray[np.float64]", rng: "np.random.Generator") -> "NDArray[np.int64]":
    """Thin the counts where the ratio is below 1, and add to them where it is above."""
    import numpy as np

    rides = rows["rides"].to_numpy()
    kept = rng.binomial(rides, np.minimum(ratio, 1))
    more = rng.poisson(rides * np.maximum(ratio - 1, 0))
    drawn: NDArray[np.int64] = (kept + more).astype(np.int64)
    return drawn
