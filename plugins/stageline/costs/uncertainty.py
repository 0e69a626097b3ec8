"""What is not known of the future, as bands, and draws from them that all options share."""

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from stageline.costs.plan import Plan
from stageline.costs.state import State
from stageline.exceptions import CostError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TENTH = 1.2815515655446004  # standard deviations above which a tenth of a normal distribution lies


@dataclass(frozen=True)
class Band:
    """A number that lies between `low` and `high` in eight of ten cases, one case in ten on either side.

    :param low: A tenth lies below.
    :param mid: Half lies below.
    :param high: A tenth lies above.
    """

    low: float
    mid: float
    high: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.low, self.mid, self.high))) or not self.low <= self.mid <= self.high:
            raise CostError(
                f"a band of low {self.low!r}, mid {self.mid!r}, high {self.high!r}; expected finite numbers that ascend"
            )

    def at(self, z: "NDArray[np.float64] | float") -> "NDArray[np.float64]":
        """Return the value so many standard deviations from the middle: two halves of normal distributions."""
        import numpy as np

        steps = np.asarray(z) / TENTH
        return np.asarray(self.mid + np.where(steps < 0, steps * (self.mid - self.low), steps * (self.high - self.mid)))

    def times_at(self, z: "NDArray[np.float64] | float") -> "NDArray[np.float64]":
        """Return the same for a factor above 0: two halves of lognormal distributions."""
        import numpy as np

        steps = np.asarray(z) / TENTH
        down, up = math.log(self.mid / self.low), math.log(self.high / self.mid)
        return np.asarray(self.mid * np.exp(np.where(steps < 0, steps * down, steps * up)))


@dataclass(frozen=True)
class Uncertainty:
    """What the forecast is uncertain of.

    :param growth_per_month: Growth of the requests, e.g. 0.02.
    :param peak_times: Peak-to-mean over the plan's.
    :param latency_times: Service time over the measured one.
    :param effort_times: Engineers' hours over what the plan says.
    :param price_per_year: Change of prices a year, e.g. -0.05; not of people's.
    :param variety_exponent: e in variants ~ requests^e, as the load grows: new customers bring new variants.
    :param noise: Standard deviation of a month's requests around their trend, as a share.
    """

    growth_per_month: Band = Band(0.0, 0.02, 0.05)
    peak_times: Band = Band(0.8, 1.0, 1.5)
    latency_times: Band = Band(0.9, 1.0, 1.3)
    effort_times: Band = Band(0.8, 1.0, 1.6)
    price_per_year: Band = Band(-0.08, 0.0, 0.05)
    variety_exponent: Band = Band(0.0, 0.1, 0.4)
    noise: float = 0.1

    def __post_init__(self) -> None:
        for name in ("peak_times", "latency_times", "effort_times"):
            if getattr(self, name).low <= 0:
                raise CostError(f"{name} begins at {getattr(self, name).low!r}; expected factors above 0")
        for name in ("growth_per_month", "price_per_year"):
            if getattr(self, name).low <= -1:
                raise CostError(f"{name} begins at {getattr(self, name).low!r}; nothing falls by more than all of it")
        if self.variety_exponent.low < 0:
            raise CostError(f"variety_exponent begins at {self.variety_exponent.low!r}; expected at least 0")
        if not (math.isfinite(self.noise) and self.noise >= 0):
            raise CostError(f"noise is {self.noise!r}; expected a finite share of at least 0")


FACTORS = tuple(field.name for field in fields(Uncertainty) if field.name != "noise")
CERTAIN = Uncertainty(
    Band(0, 0, 0), Band(1, 1, 1), Band(1, 1, 1), Band(1, 1, 1), Band(0, 0, 0), Band(0, 0, 0), 0.0,
)  # fmt: skip


@dataclass(frozen=True)
class Draws:
    """Standard normal numbers: one for each factor and draw, and one for each month's noise.

    :param factors: By name, shape (draws, 1).
    :param noise: Shape (draws, months).
    """

    factors: "dict[str, NDArray[np.float64]]"
    noise: "NDArray[np.float64]"

    @classmethod
    def of(cls, draws: int, months: int, seed: int = 0) -> "Draws":
        """Draw them; the same seed gives the same numbers."""
        import numpy as np

        if draws < 1 or months < 1:
            raise CostError(f"{draws} draws of {months} months; expected at least 1 of each")
        rng = np.random.default_rng(seed)
        factors = {name: rng.standard_normal((draws, 1)) for name in FACTORS}
        return cls(factors, rng.standard_normal((draws, months)))

    @classmethod
    def middle(cls, months: int, **away: float) -> "Draws":
        """Return one draw in the middle of all bands, but for those named, so many deviations away."""
        import numpy as np

        return cls({name: np.full((1, 1), away.get(name, 0.0)) for name in FACTORS}, np.zeros((1, months)))


def state_of(plan: Plan, uncertainty: Uncertainty, draws: Draws) -> State:
    """Return the months that follow from the draws.

    Requests of month t = 0, 1, … : R · (1 + growth)^t · exp(s·z - s²/2), the latter of mean 1.
    """
    import numpy as np

    z = draws.factors
    time = np.arange(draws.noise.shape[-1], dtype=float)[None, :]
    trend = (1 + np.maximum(uncertainty.growth_per_month.at(z["growth_per_month"]), -0.99)) ** time
    sigma = uncertainty.noise
    requests = plan.traffic.requests_per_month * trend * np.exp(sigma * draws.noise - sigma * sigma / 2)
    peak = plan.traffic.peak_to_mean * uncertainty.peak_times.times_at(z["peak_times"])
    prices = (1 + np.maximum(uncertainty.price_per_year.at(z["price_per_year"]), -0.99)) ** (time / 12)
    exponent = np.maximum(uncertainty.variety_exponent.at(z["variety_exponent"]), 0.0)
    return State(
        requests=requests,
        peak_to_mean=np.maximum(peak, 1.0),
        latency_times=uncertainty.latency_times.times_at(z["latency_times"]),
        price_times=prices,
        effort_times=uncertainty.effort_times.times_at(z["effort_times"]),
        variants=plan.variants * np.maximum(trend, 1.0) ** exponent,
    )
