"""Costs: 10,000 draws of 36 months of 8 options, against the same sums in a plain loop in the same run.

`python benchmarks/costs.py [--quick]` prints a table, and as its last line one JSON object.

The peer is plain Python: for each draw, month and option the same formulas on single numbers, with the replicas found
one by one from the same bound. Both get the same draws and have to give the same totals. The loop does as many draws
as it can in reasonable time (200, 20 with --quick), and its time is scaled up: it is linear in the draws.
"""

import argparse
import json
import math
import statistics
import sys
import time
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from stageline.costs import default_prices
from stageline.costs.hardware import Server
from stageline.costs.options import OPTIONS, asynchronous, batch, batch_transform, serverless
from stageline.costs.plan import Machine, Plan, Traffic
from stageline.costs.queueing import most_load
from stageline.costs.service_time import ServiceTime
from stageline.costs.simulate import simulate
from stageline.costs.uncertainty import Draws, Uncertainty, state_of
from stageline.costs.units import HOURS_PER_MONTH, SECONDS_PER_MONTH

DRAWS, MONTHS, RUNS = 10_000, 36, 3
TARGET_SECONDS = 2.0
RATIO, LATE = 10.0, 0.01  # without an objective: 99 % within ten service times
GIB = 1_024.0**2
PRICES = default_prices()
UNCERTAINTY = Uncertainty()
PLAN = Plan(Traffic(3e7, rows_per_request=4), ServiceTime(0.004, 0.0005))


def charged(name: str, amount: float) -> float:
    price = PRICES[name]
    cost = 0.0
    for start, end, value in price.steps:
        begin = max(start, price.free)
        stop = math.inf if end is None else max(end, price.free)
        cost += min(max(amount - begin, 0.0), stop - begin) * value
    return cost


@lru_cache(maxsize=4_096)
def carried(servers: int) -> float:
    return most_load(servers, RATIO, LATE, PLAN.service.variation)


def servers_for(load: float) -> int:
    servers = max(1, math.floor(load))
    while carried(servers) < load:
        servers += 1
    return servers


@dataclass(frozen=True)
class Month:
    """One month of one draw, as plain numbers."""

    number: int
    requests: float
    peak: float
    slower: float
    dearer: float
    variants: float
    effort: float
    stored_rows: float

    @property
    def rows(self) -> float:
        return self.requests * PLAN.traffic.rows_per_request

    @property
    def mean(self) -> float:
        return self.requests / SECONDS_PER_MONTH

    @property
    def seconds(self) -> float:
        return PLAN.service.seconds(PLAN.traffic.rows_per_request) * self.slower

    @property
    def endpoint_gib(self) -> float:
        return self.rows * (PLAN.traffic.request_kib + PLAN.traffic.answer_kib) / GIB

    @property
    def answers_gib(self) -> float:
        return self.rows * PLAN.traffic.answer_kib / GIB


def replicas(month: Month, machine: Machine | Server) -> int:
    slots = min(machine.vcpus, math.floor(machine.memory_gib / PLAN.memory_gib))
    needed = servers_for(month.mean * month.peak * month.seconds)
    return max(math.ceil(needed / slots), PLAN.least_replicas)


def job_hours(month: Month, machine: Machine, start_seconds: float, shortest: float) -> float:
    runs = min(PLAN.batch.runs_per_month, month.requests)
    work = month.rows / runs * PLAN.service.batch_row_seconds / machine.vcpus * month.slower
    start = start_seconds
    machines = max(math.ceil(work / max(PLAN.batch.finish_seconds - start, 1.0)), 1)
    return runs * max(machines * start + work, machines * shortest) / 3_600


def use_batch(month: Month) -> list[tuple[str, float]]:
    hours = job_hours(month, PLAN.machine, PLAN.batch.start_seconds, batch.SHORTEST_SECONDS)
    thousands = min(PLAN.batch.runs_per_month, month.requests) / 1_000
    return [
        ("vcpu_hour", hours * PLAN.machine.vcpus), ("memory_gib_hour", hours * PLAN.machine.memory_gib),
        ("put_request", thousands), ("get_request", thousands),
    ]  # fmt: skip


def use_transform(month: Month) -> list[tuple[str, float]]:
    hours = job_hours(month, PLAN.instance, batch_transform.START_SECONDS, 1.0)
    thousands = min(PLAN.batch.runs_per_month, month.requests) / 1_000
    return [("instance_hour", hours), ("put_request", thousands), ("get_request", thousands)]


def use_http(month: Month) -> list[tuple[str, float]]:
    hours = replicas(month, PLAN.machine) * HOURS_PER_MONTH
    return [
        ("vcpu_hour", hours * PLAN.machine.vcpus), ("memory_gib_hour", hours * PLAN.machine.memory_gib),
        ("transfer_out_gib", month.answers_gib),
    ]  # fmt: skip


def use_realtime(month: Month) -> list[tuple[str, float]]:
    hours = replicas(month, PLAN.instance) * HOURS_PER_MONTH
    return [
        ("instance_hour", hours), ("processed_gib", month.endpoint_gib), ("transfer_out_gib", month.answers_gib),
    ]  # fmt: skip


def use_serverless(month: Month) -> list[tuple[str, float]]:
    return [
        ("serverless_gib_second", month.requests * month.seconds * serverless.memory_gib(PLAN)),
        ("processed_gib", month.endpoint_gib), ("transfer_out_gib", month.answers_gib),
    ]  # fmt: skip


def use_asynchronous(month: Month) -> list[tuple[str, float]]:
    busy = month.mean * month.seconds / PLAN.instance.vcpus
    instances = max(math.ceil(busy / asynchronous.UTILISATION), 1)
    alone = 1 - (1 - min(busy, 1.0)) * math.exp(-month.mean * PLAN.cooldown_seconds)
    thousands = month.requests * 2 / 1_000
    return [
        ("instance_hour", instances * HOURS_PER_MONTH * (1.0 if instances > 1 else alone)),
        ("put_request", thousands), ("get_request", thousands), ("processed_gib", month.requests * 2.0 / GIB),
    ]  # fmt: skip


def use_servers(servers: int) -> list[tuple[str, float]]:
    return [
        ("server", servers * PLAN.server.monthly_share), ("server_hosting_month", servers),
        ("electricity_kwh", servers * PLAN.server.watts / 1_000 * HOURS_PER_MONTH),
    ]  # fmt: skip


def use_vendor(month: Month) -> list[tuple[str, float]]:
    return [("vendor_request", month.rows)]


USES = {
    "batch": use_batch, "http": use_http, "sagemaker_realtime": use_realtime, "sagemaker_serverless": use_serverless,
    "sagemaker_async": use_asynchronous, "sagemaker_batch": use_transform, "vendor": use_vendor,
}  # fmt: skip


def kept(month: Month, *, own: bool) -> list[tuple[str, float]]:
    upkeep = PLAN.upkeep
    watched = [
        ("log_gib", month.requests * upkeep.log_kib_per_request / GIB),
        ("metric_month", upkeep.metrics * month.variants),
    ]
    if not own:
        return watched
    trained = upkeep.trainings_per_month * upkeep.training_vcpu_hours * month.variants
    stored = upkeep.stored_gib * month.variants + month.stored_rows * upkeep.stored_kib_per_row / GIB
    return [
        *watched, ("storage_gib_month", stored), ("vcpu_hour", trained),
        ("memory_gib_hour", trained * upkeep.training_memory_gib),
    ]  # fmt: skip


def hours_of_engineers(name: str, month: Month) -> float:
    engineering, option, own = PLAN.engineering, OPTIONS[name], name != "vendor"
    times = 1.0
    for growth, amount in (
        (engineering.volume, month.requests), (engineering.velocity, month.mean * month.peak),
        (engineering.variety, max(month.variants - 1, 0.0)),
    ):  # fmt: skip
        squared = (amount / growth.half_way) ** 2
        times += growth.grows_by * squared / (1 + squared)
    hours = option.operate_hours * times + (engineering.improve_hours * times if own else 0.0)
    if not month.number:
        hours += option.build_hours + (engineering.build_hours if own else 0.0)
    return hours * month.effort


def month_of(name: str, month: Month, servers: int) -> float:
    """Return what one option costs in one month of one draw."""
    used: dict[str, float] = {}
    uses = use_servers(servers) if name == "on_premise" else USES[name](month)
    for key, amount in [*uses, *kept(month, own=name != "vendor")]:
        used[key] = used.get(key, 0.0) + amount
    bought = sum(charged(key, amount) for key, amount in used.items()) * month.dearer
    return bought + charged("engineer_hour", hours_of_engineers(name, month))


def plain_loop(draws: int) -> dict[str, list[float]]:
    state = state_of(PLAN, UNCERTAINTY, Draws.of(DRAWS, MONTHS))
    totals: dict[str, list[float]] = {}
    for name in OPTIONS:
        totals[name] = []
        for draw in range(draws):
            total, stored, servers = 0.0, 0.0, 0
            for number in range(MONTHS):
                requests = float(state.requests[draw, number])
                stored += requests * PLAN.traffic.rows_per_request
                month = Month(
                    number, requests, float(state.peak_to_mean[draw, 0]), float(state.latency_times[draw, 0]),
                    float(state.price_times[draw, number]), float(state.variants[draw, number]),
                    float(state.effort_times[draw, 0]), stored,
                )  # fmt: skip
                servers = max(servers, replicas(month, PLAN.server)) if name == "on_premise" else 0
                total += month_of(name, month, servers)
            totals[name].append(total)
    return totals


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="20 draws in the plain loop instead of 200")
    looped = 20 if parser.parse_args().quick else 200
    simulate(PLAN, PRICES, months=2, draws=10)  # imports
    seconds, result = [], None
    for _ in range(RUNS):
        start = time.perf_counter()
        result = simulate(PLAN, PRICES, months=MONTHS, draws=DRAWS, uncertainty=UNCERTAINTY)
        seconds.append(time.perf_counter() - start)
    ours = statistics.median(seconds)
    plain_loop(1)
    start = time.perf_counter()
    totals = plain_loop(looped)
    peer = (time.perf_counter() - start) * DRAWS / looped
    assert result is not None
    for name, values in totals.items():
        np.testing.assert_allclose(result.options[name].totals[:looped], values, rtol=1e-9, err_msg=name)
    claims = [
        {
            "claim": f"{DRAWS:,} draws x {MONTHS} months x {len(OPTIONS)} options take at most {TARGET_SECONDS:g} s",
            "ours": round(ours, 3), "peer": round(peer, 1), "ratio": round(peer / ours, 1), "target": TARGET_SECONDS,
            "met": ours <= TARGET_SECONDS,
        }
    ]  # fmt: skip
    print(f"{'':44}{'seconds':>10}")
    print(f"{f'stageline, {DRAWS:,} draws, median of {RUNS}':44}{ours:10.3f}")
    print(f"{f'plain loop, {looped:,} draws, scaled to {DRAWS:,}':44}{peer:10.1f}")
    print(f"same totals in {looped:,} draws of {len(totals)} options")
    print(json.dumps({"claims": claims}))
    return 0 if all(claim["met"] for claim in claims) else 1


if __name__ == "__main__":
    sys.exit(main())
