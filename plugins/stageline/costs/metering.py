"""The meter: what a piece of work takes while it runs, and what that costs at the prices."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stageline.costs.money import Money
from stageline.costs.prices import Prices
from stageline.costs.units import Quantity
from stageline.exceptions import CostError

_KIB_PER_GIB, _BYTES_PER_GIB = 1_024.0**2, 1_024.0**3
# proc(5): 5 written to the first resets what the second has as "VmHWM", of this process only.
_FORGET, _STATUS = Path("/proc/self/clear_refs"), Path("/proc/self/status")


@dataclass
class Meter:
    """What has been counted so far; the work itself adds what only it knows.

    :param wall_seconds: From beginning to end.
    :param cpu_seconds: Of this process and of those it started and waited for.
    :param peak_memory_gib: Most memory that the process held meanwhile, GiB; where the system cannot begin anew to
        look (anything but Linux), since the process began: of a worker that lives long, the most of all its tasks.
    :param bytes_read: By the work.
    :param bytes_written: By the work.
    :param rows: That went through it.
    :param predictions: That it made.
    :param labels: That it asked people for.
    """

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_gib: float = 0.0
    bytes_read: int = 0
    bytes_written: int = 0
    rows: int = 0
    predictions: int = 0
    labels: int = 0

    def count(self, **more: int) -> None:
        """Add to what is counted, e.g. `count(rows=1_000)`.

        :raises CostError: It is not something that is counted, or less than nothing.
        """
        for name, amount in more.items():
            if name not in COUNTED:
                raise CostError(f"{name!r} is not counted; known: {', '.join(COUNTED)}")
            if amount < 0:
                raise CostError(f"{name} = {amount}; expected at least 0")
            setattr(self, name, getattr(self, name) + amount)

    def evidence(self) -> dict[str, float | int]:
        """Return the counts as a record keeps them."""
        return {name: getattr(self, name) for name in ("wall_seconds", "cpu_seconds", "peak_memory_gib", *COUNTED)}


COUNTED = ("bytes_read", "bytes_written", "rows", "predictions", "labels")


@contextmanager
def metered(given: Meter | None = None) -> Iterator[Meter]:
    """Yield a meter that has its times and its memory when the work is over, however it ends.

    One within another would take its peak of memory away.

    :param given: The meter to use; default: a new one.
    """
    meter = given or Meter()
    since_now = _forget_peak()
    wall, cpu = time.perf_counter(), _cpu_seconds()
    try:
        yield meter
    finally:
        meter.wall_seconds = time.perf_counter() - wall
        meter.cpu_seconds = max(_cpu_seconds() - cpu, 0.0)
        meter.peak_memory_gib = (since_now and _noted_peak_gib()) or _peak_memory_gib()


def cost_of(evidence: Mapping[str, float | int], prices: Prices) -> Mapping[str, Money]:
    """Return what metered work costs, by what it is for.

    Compute: vCPU-hours that were busy, or of one vCPU as long as it ran, whichever is more, and its memory for that
    long. Storage: a month of what was written. Annotation: the labels' tooling and work.

    :param evidence: Of `Meter.evidence`, or the sum of several.
    """
    wall = float(evidence["wall_seconds"])
    hours = Quantity(max(float(evidence["cpu_seconds"]), wall), "vCPU-second")
    memory = Quantity(wall * float(evidence["peak_memory_gib"]), "GiB-second")
    labels = Quantity(float(evidence["labels"]), "label")
    return {
        "compute": prices["vcpu_hour"].of(hours) + prices["memory_gib_hour"].of(memory),
        "storage": prices["storage_gib_month"].of(
            Quantity(float(evidence["bytes_written"]) / _BYTES_PER_GIB, "GiB-month")
        ),
        "annotation": prices["label"].of(labels) + prices["label_work"].of(labels),
    }


def summed(evidences: "list[Mapping[str, float | int]]") -> dict[str, float | int]:
    """Return several pieces of work as one: times and counts add up, of memory the most counts."""
    together: dict[str, float | int] = Meter().evidence()
    for one in evidences:
        for name, amount in one.items():
            if name == "peak_memory_gib":
                together[name] = max(together[name], amount)
            elif name in together:
                together[name] += amount
    return together


def _cpu_seconds() -> float:
    import resource

    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _forget_peak() -> bool:
    """Let Linux note the peak of memory anew; returns whether it does."""
    try:
        _FORGET.write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _noted_peak_gib() -> float | None:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    found = next((line.split() for line in lines if line.startswith("VmHWM:")), None)
    return float(found[1]) / _KIB_PER_GIB if found else None


def _peak_memory_gib() -> float:
    import resource

    # Linux tells KiB, macOS bytes.
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (_BYTES_PER_GIB if sys.platform == "darwin" else _KIB_PER_GIB)
