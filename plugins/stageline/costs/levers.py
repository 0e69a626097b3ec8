"""The levers that make serving cheaper, as switches: each turns a plan into another one."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from stageline.costs.plan import Plan
from stageline.costs.service_time import ServiceTime
from stageline.costs.spot import Spot
from stageline.exceptions import CostError
from stageline.spec.wording import suggestion

NAMES = ("sampling", "batching", "cache", "smaller_model", "spot", "capped_peak", "reserved")


@dataclass(frozen=True)
class Levers:
    """What each lever does when it is pulled; the numbers are assumptions until they are measured.

    :param sampled_share: Sampling: share of what comes in that is predicted.
    :param joined: Batching: requests that are answered together at most.
    :param join_seconds: How long the first of them waits.
    :param cache_share: Cache: share of requests that it answers.
    :param cache_gib: Memory that it takes.
    :param smaller_time: Smaller model: its measured time over the present model's. Never inferred from its size.
    :param smaller_memory: Its memory over the present model's.
    :param spot: Spot with checkpoints, for batches and training.
    :param most_peak_to_mean: Capped peak: what comes faster waits or is turned away.
    :param reserved_discount: Reserved capacity: share saved on compute that is always there, bought for a year.
    """

    sampled_share: float = 0.5
    joined: float = 8.0
    join_seconds: float = 0.01
    cache_share: float = 0.3
    cache_gib: float = 1.0
    smaller_time: float = 0.5
    smaller_memory: float = 0.5
    spot: Spot = field(default_factory=Spot)
    most_peak_to_mean: float = 1.5
    reserved_discount: float = 0.27

    def pull(self, name: str, plan: Plan) -> Plan:
        """Return the plan with one lever pulled.

        :raises CostError: There is no such lever, or its number may not be.
        """
        check_levers((name,))
        match name:
            case "sampling":
                changed = replace(plan, sampled_share=plan.sampled_share * self.sampled_share)
            case "batching":
                changed = replace(plan, joined=self.joined, join_seconds=self.join_seconds)
            case "cache":
                changed = replace(plan, cache_share=self.cache_share, cache_gib=self.cache_gib)
            case "smaller_model":
                changed = replace(
                    plan, service=_faster(plan.service, self.smaller_time),
                    memory_gib=plan.memory_gib * self.smaller_memory,
                )  # fmt: skip
            case "spot":
                changed = replace(plan, interruptible_times=plan.interruptible_times * self.spot.factor)
            case "capped_peak":
                peak = min(plan.traffic.peak_to_mean, self.most_peak_to_mean)
                changed = replace(plan, traffic=replace(plan.traffic, peak_to_mean=peak))
            case _:  # reserved
                if not 0 <= self.reserved_discount < 1:
                    raise CostError(f"reserved_discount is {self.reserved_discount!r}; expected at least 0, below 1")
                changed = replace(plan, compute_times=plan.compute_times * (1 - self.reserved_discount))
        return changed

    def pull_all(self, names: tuple[str, ...], plan: Plan) -> Plan:
        """Return the plan with several levers pulled, each once."""
        for name in dict.fromkeys(names):
            plan = self.pull(name, plan)
        return plan


def check_levers(names: Iterable[str]) -> None:
    """Refuse what is no lever.

    :raises CostError: One of the names is unknown.
    """
    for name in names:
        if name not in NAMES:
            raise CostError(f"unknown lever {name!r}; {suggestion(name, NAMES)}")


def _faster(service: ServiceTime, times: float) -> ServiceTime:
    return replace(
        service, fixed_seconds=service.fixed_seconds * times, per_row_seconds=service.per_row_seconds * times
    )
