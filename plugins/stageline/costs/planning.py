"""From a spec and what its runs measured to a plan, and a list of what neither of them says."""

from dataclasses import dataclass, replace

from stageline.costs.annotation import Annotation
from stageline.costs.engineering import Engineering
from stageline.costs.hardware import Server
from stageline.costs.levers import Levers
from stageline.costs.measurements import Measurements
from stageline.costs.options import OPTIONS
from stageline.costs.plan import Batch, Plan, Traffic
from stageline.costs.prices import FILE, Prices
from stageline.costs.queueing import Objective
from stageline.costs.uncertainty import Band, Uncertainty
from stageline.costs.units import DAYS_PER_MONTH, HOURS_PER_MONTH
from stageline.exceptions import CostError
from stageline.spec.costs import Costs, Range

PEAK_TO_MEAN, MEMORY_GIB = 3.0, 0.5
_RUNS = {"@hourly": HOURS_PER_MONTH, "@daily": DAYS_PER_MONTH, "@weekly": DAYS_PER_MONTH / 7, "@monthly": 1.0}


@dataclass(frozen=True)
class Planned:
    """A plan and what it rests on.

    :param assumed: What was neither measured nor said, in few words each, the weightiest first.
    :param measured: What was measured, one sentence each.
    :param options: Ways to get predictions that are compared.
    """

    plan: Plan
    uncertainty: Uncertainty
    assumed: tuple[str, ...]
    measured: tuple[str, ...]
    options: tuple[str, ...]


def plan_of(
    costs: Costs | None,
    measured: Measurements,
    prices: Prices,
    *,
    schedule: str | None = None,
    requests_per_month: float | None = None,
) -> Planned:
    """Return the plan.

    :param costs: The spec's section; none: all of its defaults.
    :param schedule: The spec's.
    :param requests_per_month: Instead of the spec's and the measured ones.
    :raises CostError: Money of two currencies, or no traffic is known.
    """
    said = costs or Costs(currency=prices.currency)
    if said.currency != prices.currency:
        raise CostError(
            f"costs.currency is {said.currency!r}, but the prices are in {prices.currency!r}: write into {FILE} "
            f"currency: {said.currency}, and exchange_rate: what one {prices.currency} is in {said.currency}"
        )
    pattern = measured.pattern
    logged = pattern.per_month / said.rows_per_request if pattern else None
    known = requests_per_month or said.requests_per_month or logged or measured.rows_per_month
    requests = known or measured.rows_in_source
    if not requests:
        raise CostError(
            "the load is not known: the source has no event time to count rows a month by; say costs.requests_per_month"
        )
    variation, memory = measured.variation, said.memory_gib or measured.memory_gib
    runs = said.runs_per_month or _RUNS.get(schedule or "")
    plan = Plan(
        traffic=Traffic(
            requests,
            said.rows_per_request,
            said.peak_to_mean or (pattern.peak_to_mean if pattern else PEAK_TO_MEAN),
            active_share=pattern.active_share
            if pattern and "active_share" not in said.model_fields_set
            else said.active_share,
        ),
        service=measured.service(),
        memory_gib=memory or MEMORY_GIB,
        objective=Objective(said.max_latency_ms / 1_000, said.latency_share) if said.max_latency_ms else None,
        waits_seconds=said.max_age.total_seconds() if said.max_age else None,
        server=Server(**said.server.model_dump()),
        batch=Batch(runs_per_month=runs or DAYS_PER_MONTH),
        annotation=_annotation(said),
        engineering=replace(
            Engineering(), build_hours=said.people.build_hours, improve_hours=said.people.improve_hours
        ),
        variants=said.variants,
        licences_per_month=said.licences_per_month,
    )  # fmt: skip
    plan = Levers().pull_all(said.levers, plan)
    return Planned(
        plan=plan,
        uncertainty=replace(Uncertainty(), growth_per_month=_band(said.growth_per_month)),
        assumed=_assumed(
            said,
            prices,
            plan,
            variation=variation,
            memory=memory,
            runs=runs,
            given=costs is not None,
            peak=said.peak_to_mean is None and pattern is None,
            taken=None if known else measured.rows_in_source,
            concurrent=any(point.concurrency > 1 for point in measured.points),
        ),
        measured=_measured(measured),
        options=said.options or tuple(OPTIONS),
    )


def _annotation(said: Costs) -> Annotation:
    labels = said.labels
    return Annotation(
        labels.labels_per_month, labels.alarms_per_month, labels.labels_per_alarm, labels.max_per_month
    )  # fmt: skip


def _band(given: Range) -> Band:
    return Band(given.low, given.mid, given.high)


def _assumed(
    said: Costs, prices: Prices, plan: Plan, *, variation: float | None, memory: float | None, runs: float | None,
    given: bool, taken: int | None, peak: bool, concurrent: bool,
) -> tuple[str, ...]:  # fmt: skip
    """Return what nobody measured or said."""
    hour, vendor = prices["engineer_hour"], prices["vendor_request"]
    people = f"{plan.engineering.build_hours:g} h to build and {plan.engineering.improve_hours:g} h a month to improve"
    stands_in = "standing in" in vendor.source and (not said.options or "vendor" in said.options)
    doubts = {
        f"the source's {taken or 0:,} rows as a month's load": taken is not None,
        f"a vendor who sells these answers at {vendor.first:g} {vendor.unit}": stands_in,
        f"engineers at {hour.first:g} {hour.unit}": "assumption" in hour.source,
        people: not given or said.people == Costs.model_fields["people"].default,
        f"a peak of {PEAK_TO_MEAN:g} times the mean": peak,
        f"{MEMORY_GIB:g} GiB of memory a process": memory is None,
        "times of answers that vary like an exponential distribution": variation is None,
        "requests at once that do not slow each other down": not concurrent,
        "a run a day": runs is None,
        f"growth of {said.growth_per_month.low:.0%} to {said.growth_per_month.high:.0%} a month": "growth_per_month"
        not in said.model_fields_set,
        "answers that may wait": said.max_latency_ms is None and said.max_age is None,
        f"{', '.join(said.levers)} at their assumed effect": bool(said.levers),
    }
    return tuple(words for words, doubtful in doubts.items() if doubtful)


def _measured(measured: Measurements) -> tuple[str, ...]:
    each = [
        f"one row {measured.single_ms:.3g} ms, {measured.batch_rows:,} rows {measured.batch_ms:.3g} ms",
        *([f"{measured.rows_per_month:,.0f} rows a month"] if measured.rows_per_month else []),
        *(
            [f"a peak of {measured.pattern.peak_to_mean:.2g} times the mean in the servers' log"]
            if measured.pattern
            else []
        ),
        *([f"99 of 100 answers within {measured.p99_ms:.3g} ms"] if measured.p99_ms else []),
        *([f"{measured.memory_gib:.2f} GiB of memory"] if measured.memory_gib else []),
    ]
    return tuple(each)
