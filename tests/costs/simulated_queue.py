"""A queue played through, event by event: one line, several servers, first come first served."""

import heapq
import random


def late_share_of_a_simulation(
    servers, arrivals_per_second, service_seconds, within_seconds, variation, *, requests, seed
):
    """Return the share of answers that take longer than `within_seconds`; the first tenth only warms up."""
    rng = random.Random(seed)
    free = [0.0] * servers
    now, late, counted = 0.0, 0, 0
    for number in range(requests):
        now += rng.expovariate(arrivals_per_second)
        took = service_seconds * (1 - variation)
        if variation:
            took += rng.expovariate(1 / (service_seconds * variation))
        begins = max(now, heapq.heappop(free))
        heapq.heappush(free, begins + took)
        if number >= requests // 10:
            counted += 1
            late += begins + took - now > within_seconds
    return late / counted
