"""Everything the cost of a pipeline is computed from, as plain numbers with their units."""

import math
from dataclasses import dataclass, field, replace
from typing import Self

from stageline.costs.annotation import Annotation
from stageline.costs.engineering import Engineering
from stageline.costs.hardware import Server
from stageline.costs.queueing import Objective
from stageline.costs.service_time import ServiceTime
from stageline.exceptions import CostError


def _require(where: str, **named: tuple[float, float]) -> None:
    """Refuse what is not finite or below its least value.

    :param named: Value and least value by name.
    """
    for name, (value, least) in named.items():
        if isinstance(value, bool) or not (math.isfinite(value) and value >= least):
            raise CostError(f"{name} of {where} is {value!r}; expected a finite number of at least {least:g}")


@dataclass(frozen=True)
class Traffic:
    """What comes in.

    :param requests_per_month: On average, at the start.
    :param rows_per_request: Predictions that one request asks for.
    :param peak_to_mean: Rate of the busiest hours over the mean rate, at least 1.
    :param active_share: Share of the hours in which anything comes in at all, above 0.
    :param request_kib: Size of one row on its way in.
    :param answer_kib: Size of one prediction on its way out.
    """

    requests_per_month: float
    rows_per_request: float = 1.0
    peak_to_mean: float = 3.0
    active_share: float = 1.0
    request_kib: float = 1.0
    answer_kib: float = 0.1

    def __post_init__(self) -> None:
        if not self.requests_per_month:
            raise CostError("requests_per_month is 0: without traffic nothing has a price per prediction; say how many")
        _require(
            "the traffic", requests_per_month=(self.requests_per_month, 0), rows_per_request=(self.rows_per_request, 1),
            peak_to_mean=(self.peak_to_mean, 1), request_kib=(self.request_kib, 0), answer_kib=(self.answer_kib, 0),
        )  # fmt: skip
        if not 0 < self.active_share <= 1:
            raise CostError(f"active_share of the traffic is {self.active_share!r}; expected above 0 and at most 1")


@dataclass(frozen=True)
class Machine:
    """A rented machine: one replica.

    :param vcpus: Requests it works on at once, one a vCPU.
    :param memory_gib: GiB.
    """

    vcpus: int = 1
    memory_gib: float = 2.0

    def __post_init__(self) -> None:
        _require("a machine", vcpus=(self.vcpus, 1), memory_gib=(self.memory_gib, 0.125))


@dataclass(frozen=True)
class Batch:
    """How often a job scores what has come in.

    :param runs_per_month: At most so many; never more than there are requests.
    :param start_seconds: From the machine's start to the first row, paid for.
    :param finish_seconds: Time within which a run has to be done.
    """

    runs_per_month: float = 30.4
    start_seconds: float = 60.0
    finish_seconds: float = 3_600.0

    def __post_init__(self) -> None:
        _require("batches", runs_per_month=(self.runs_per_month, 0.1), start_seconds=(self.start_seconds, 0))
        _require("batches", finish_seconds=(self.finish_seconds, 1))


@dataclass(frozen=True)
class Upkeep:
    """What has to be kept and watched.

    :param stored_gib: At the start.
    :param stored_kib_per_row: What each prediction leaves in storage for good.
    :param log_kib_per_request: Logs of one request.
    :param metrics: Metrics that are watched, for each variant.
    :param trainings_per_month: For each variant.
    :param training_vcpu_hours: vCPU-hours of one training, with search.
    :param training_memory_gib: GiB per vCPU while training.
    """

    stored_gib: float = 1.0
    stored_kib_per_row: float = 0.2
    log_kib_per_request: float = 0.5
    metrics: float = 20.0
    trainings_per_month: float = 1.0
    training_vcpu_hours: float = 1.0
    training_memory_gib: float = 4.0

    def __post_init__(self) -> None:
        _require("the upkeep", **{name: (value, 0) for name, value in vars(self).items()})


@dataclass(frozen=True)
class Plan:
    """All that an option's cost follows from.

    :param service: Measured time of a request.
    :param memory_gib: Measured memory of one process that serves the model.
    :param cold_start_seconds: Measured time from nothing to the first answer.
    :param objective: Which share of answers has to come within which time; none: none has to come at once.
    :param waits_seconds: How long an answer may take at most where there is no objective; none: until the next run.
    :param machine: Rented for one's own server and for batches.
    :param instance: Managed; what `instance_hour` is the price of.
    :param server: Of one's own.
    :param least_replicas: Of whatever answers at once, so that one may fail.
    :param cooldown_seconds: How long an asynchronous endpoint waits before it goes away.
    :param keep_warm_seconds: How long a serverless one does.
    :param variants: Models of the same kind beside one another, e.g. one a city.
    :param licences_per_month: Money a month for licences and fees, whatever the load, in the prices' currency; with a
        vendor's model there are none.
    :param sampled_share: Lever: share of what comes in that is predicted.
    :param cache_share: Lever: share of requests answered from a cache.
    :param cache_gib: Its memory.
    :param joined: Lever: requests that are answered together at most.
    :param join_seconds: How long the first of them waits for the others.
    :param compute_times: Lever: what rented compute that is always there costs over its list price.
    :param interruptible_times: Lever: the same of compute that may be interrupted: batches and training.
    """

    traffic: Traffic
    service: ServiceTime
    memory_gib: float = 0.5
    cold_start_seconds: float = 5.0
    objective: Objective | None = None
    waits_seconds: float | None = None
    machine: Machine = field(default_factory=Machine)
    instance: Machine = field(default_factory=lambda: Machine(2, 8.0))
    server: Server = field(default_factory=Server)
    batch: Batch = field(default_factory=Batch)
    upkeep: Upkeep = field(default_factory=Upkeep)
    annotation: Annotation = field(default_factory=Annotation)
    engineering: Engineering = field(default_factory=Engineering)
    least_replicas: int = 2
    cooldown_seconds: float = 1_800.0
    keep_warm_seconds: float = 300.0
    variants: float = 1.0
    licences_per_month: float = 0.0
    sampled_share: float = 1.0
    cache_share: float = 0.0
    cache_gib: float = 0.0
    joined: float = 1.0
    join_seconds: float = 0.0
    compute_times: float = 1.0
    interruptible_times: float = 1.0

    def __post_init__(self) -> None:
        _require(
            "the plan", memory_gib=(self.memory_gib, 0.001), cold_start_seconds=(self.cold_start_seconds, 0),
            least_replicas=(self.least_replicas, 1), cooldown_seconds=(self.cooldown_seconds, 0),
            keep_warm_seconds=(self.keep_warm_seconds, 0), variants=(self.variants, 1), joined=(self.joined, 1),
            join_seconds=(self.join_seconds, 0), cache_gib=(self.cache_gib, 0), compute_times=(self.compute_times, 0),
            interruptible_times=(self.interruptible_times, 0), licences_per_month=(self.licences_per_month, 0),
        )  # fmt: skip
        if not 0 < self.sampled_share <= 1:
            raise CostError(f"sampled_share of the plan is {self.sampled_share!r}; expected above 0 and at most 1")
        if not 0 <= self.cache_share < 1:
            raise CostError(f"cache_share of the plan is {self.cache_share!r}; expected at least 0 and below 1")

    def at(self, requests_per_month: float) -> Self:
        """Return the plan at another load."""
        return replace(self, traffic=replace(self.traffic, requests_per_month=requests_per_month))
