"""What changes from month to month and from draw to draw: load, peak, latency, prices, variety."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from stageline.costs.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class State:
    """Arrays that broadcast to (draws, months).

    :param requests: A month, before anything is left out or answered from a cache.
    :param peak_to_mean: At least 1.
    :param latency_times: Service time over the measured one.
    :param price_times: Prices over those of the list, but for people.
    :param variants: Models beside one another, at least 1.
    :param effort_times: Engineers' hours over what `Engineering` says.
    """

    requests: "NDArray[np.float64]"
    peak_to_mean: "NDArray[np.float64]"
    latency_times: "NDArray[np.float64]"
    price_times: "NDArray[np.float64]"
    variants: "NDArray[np.float64]"
    effort_times: "NDArray[np.float64] | float" = 1.0

    @classmethod
    def of(cls, plan: Plan, months: int = 1) -> Self:
        """Return the plan's own figures, the same in each month: shape (1, months)."""
        import numpy as np

        ones = np.ones((1, months))
        return cls(
            requests=ones * plan.traffic.requests_per_month, peak_to_mean=ones[:, :1] * plan.traffic.peak_to_mean,
            latency_times=ones[:, :1], price_times=ones, variants=ones * plan.variants,
        )  # fmt: skip


@dataclass(frozen=True)
class Served:
    """What has to be computed, of a plan in a state; arrays as in `State`.

    :param asked: Requests a month that get an answer.
    :param computed: Those of them that the model answers.
    :param rows: Predictions a month that the model makes.
    :param mean_per_second: Computed requests a second, in the hours in which any come.
    :param peak_per_second: The same in the busiest hours.
    """

    asked: "NDArray[np.float64]"
    computed: "NDArray[np.float64]"
    rows: "NDArray[np.float64]"
    mean_per_second: "NDArray[np.float64]"
    peak_per_second: "NDArray[np.float64]"

    @classmethod
    def of(cls, plan: Plan, state: State) -> Self:
        """Take off what is not sampled, then what the cache answers."""
        from stageline.costs.units import SECONDS_PER_MONTH

        asked = state.requests * plan.sampled_share
        computed = asked * (1 - plan.cache_share)
        mean = computed / (SECONDS_PER_MONTH * plan.traffic.active_share)
        return cls(asked, computed, computed * plan.traffic.rows_per_request, mean, mean * state.peak_to_mean)
