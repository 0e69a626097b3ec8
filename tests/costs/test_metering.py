import subprocess
import sys

import pytest
from cost_plans import PRICES

from stageline.costs.metering import Meter, cost_of, metered, summed
from stageline.costs.units import Quantity
from stageline.exceptions import CostError


def test_work_is_counted_while_it_runs():
    with metered() as meter:
        assert sum(i * i for i in range(300_000))
        meter.count(rows=10, predictions=4)
        meter.count(rows=5)
    counted = meter.evidence()
    assert (counted["rows"], counted["predictions"], counted["labels"]) == (15, 4, 0)
    assert counted["wall_seconds"] > 0
    assert counted["cpu_seconds"] > 0
    assert counted["peak_memory_gib"] > 0.001


def test_processes_that_it_started_count_too():
    with metered() as alone:
        pass
    with metered() as meter:
        subprocess.run([sys.executable, "-c", "sum(i * i for i in range(2_000_000))"], check=True)
    assert meter.cpu_seconds > alone.cpu_seconds


def test_work_that_fails_has_cost_something_all_the_same():
    meters = []

    def fail():
        with metered() as meter:
            meters.append(meter)
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        fail()
    assert meters[0].wall_seconds > 0


def test_what_was_counted_costs_what_its_prices_say():
    # By hand: 2 busy vCPUs for half an hour, 4 GiB, 1 GiB kept for a month, 100 labels.
    evidence = {**Meter().evidence(), "wall_seconds": 1_800.0, "cpu_seconds": 3_600.0, "peak_memory_gib": 4.0}
    costs = cost_of({**evidence, "bytes_written": 1_024**3, "labels": 100}, PRICES)
    assert {name: str(cost.cents) for name, cost in costs.items()} == {
        "compute": "0.05", "storage": "0.02", "annotation": "11.60",
    }  # fmt: skip
    assert costs["compute"] == PRICES["vcpu_hour"].of(Quantity(1, "vCPU-hour")) + PRICES["memory_gib_hour"].of(
        Quantity(2, "GiB-hour")
    )


def test_an_idle_machine_is_paid_for_as_long_as_it_waits():
    waited = cost_of({**Meter().evidence(), "wall_seconds": 3_600.0, "cpu_seconds": 1.0}, PRICES)
    assert waited["compute"].amount == pytest.approx(PRICES["vcpu_hour"].first)


def test_steps_add_up_and_of_memory_the_most_counts():
    steps = [
        {**Meter().evidence(), "wall_seconds": 1.0, "peak_memory_gib": most, "rows": 3} for most in (0.5, 2.0, 1.0)
    ]
    together = summed(steps)
    assert (together["wall_seconds"], together["peak_memory_gib"], together["rows"]) == (3.0, 2.0, 9)


def test_what_is_not_counted_is_a_sentence():
    with pytest.raises(CostError, match="'pages' is not counted; known: bytes_read"):
        Meter().count(pages=1)
    with pytest.raises(CostError, match="rows = -1; expected at least 0"):
        Meter().count(rows=-1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process's peak of memory cannot be taken back")
def test_a_task_is_not_charged_for_the_memory_of_one_before_it():
    with metered() as large:
        held = bytearray(300 * 1024**2)
        held[::4096] = b"x" * len(held[::4096])
        del held
    with metered() as small:
        pass
    assert large.peak_memory_gib > small.peak_memory_gib + 0.2
