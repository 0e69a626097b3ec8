"""What a spec must say beyond its types: sections its stage requires, and parts that may not clash."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stageline.spec.metrics import METRICS
from stageline.spec.problems import Problem
from stageline.spec.release_requirements import release_contradictions

if TYPE_CHECKING:
    from stageline.spec.models import PipelineSpec

# What each stage requires, as dotted keys of the spec.
REQUIRED: dict[str, tuple[str, ...]] = {
    "poc": (),
    "pilot": (
        "owners.business", "owners.model", "owners.data",
        "source.keys", "quality", "gates", "release", "monitor",
    ),
    "production": (
        "owners.business", "owners.model", "owners.data", "owners.operations",
        "source.keys", "source.event_time", "quality", "gates", "release.rollout", "monitor.persist",
        "kpi.value_per_unit",
    ),
}  # fmt: skip


def missing_for(spec: "PipelineSpec", stage: str) -> tuple[str, ...]:
    """Return the dotted keys that a stage requires and the spec lacks."""
    return tuple(key for key in REQUIRED[stage] if not _present(spec, key))


def contradictions(spec: "PipelineSpec") -> Iterator[Problem]:
    """Yield what its stage requires and the spec lacks, and which of its parts contradict each other."""
    for key in missing_for(spec, spec.stage):
        yield tuple(key.split(".")), f"missing; stage {spec.stage.value!r} requires it"
    yield from _task(spec)
    yield from _columns(spec)
    yield from _costs(spec)
    yield from _objectives(spec)
    if spec.quality_gate.max_age and spec.source.event_time is None:
        yield ("quality_gate", "max_age"), "needs source.event_time: without it nothing says how old a row is"
    yield from release_contradictions(spec)


def _task(spec: "PipelineSpec") -> Iterator[Problem]:
    task = spec.target.task
    metric_name = spec.kpi.metric
    metric = METRICS[metric_name]
    if metric.task != task:
        fitting = ", ".join(name for name, known in METRICS.items() if known.task == task)
        yield (
            ("kpi", "metric"),
            f"{metric_name!r} is for {metric.task}, but target.task is {task.value!r}; fitting: {fitting}",
        )
    fairness = spec.gates.fairness if spec.gates else None
    if fairness and (fairness.measure == "error_difference") != (task == "regression"):
        fitting = (
            "error_difference" if task == "regression" else "demographic_parity_difference, equalized_odds_difference"
        )
        yield (
            ("gates", "fairness", "measure"),
            f"{fairness.measure!r} does not fit target.task {task.value!r}; fitting: {fitting}",
        )
    if task == "regression" and spec.target.positive is not None:
        yield ("target", "positive"), "a regression has no positive class; leave the key out"


def _costs(spec: "PipelineSpec") -> Iterator[Problem]:
    costs = ("false_negative_cost", "false_positive_cost")
    given = [key for key in costs if getattr(spec.kpi, key) is not None]
    if given and spec.target.task == "regression":
        yield ("kpi", given[0]), "a regression has no false positives or negatives; give value_per_unit"
    elif len(given) == 1:
        (missing,) = set(costs) - set(given)
        yield ("kpi", missing), f"missing beside {given[0]}; give both, 0 where one costs nothing"
    elif given and not any(getattr(spec.kpi, key) for key in costs):
        yield ("kpi", given[0]), "is 0, as is the other cost: then nothing is lost by any error; leave both out"


_LIMITS = {"kpi": "max_error", "freshness": "max_age", "latency": "max_latency_ms"}


def _objectives(spec: "PipelineSpec") -> Iterator[Problem]:
    seen: set[str] = set()
    for index, objective in enumerate(spec.slo):
        sli = objective.sli
        where = ("slo", index)
        if sli in seen:
            yield (*where, "sli"), f"names {sli!r} twice; one objective each"
        seen.add(sli)
        classes = sli == "kpi" and spec.target.task == "classification"
        needed = None if classes else _LIMITS.get(sli)
        if needed and getattr(objective, needed) is None:
            yield (*where, needed), f"missing; sli {sli!r} needs it: it says which event is good"
        for key in _LIMITS.values():
            if key != needed and getattr(objective, key) is not None:
                of = " of a classification" if classes else ""
                yield (*where, key), f"does not belong to sli {sli!r}{of}; leave it out"
        if sli in ("kpi", "freshness"):
            if spec.source.event_time is None:
                yield (*where, "sli"), f"{sli!r} needs source.event_time: without it no event has a time"
            if not spec.source.keys:
                yield (*where, "sli"), f"{sli!r} needs source.keys: without them nothing tells one row from another"
    if spec.slo and spec.monitor is None:
        yield ("slo",), "needs the section 'monitor', whose DAG counts the events"


def _columns(spec: "PipelineSpec") -> Iterator[Problem]:
    target = spec.target.column
    if spec.source.event_time == target:
        yield ("source", "event_time"), f"names {target!r}, which is the target column"
    for path, columns in (
        (("features", "exclude"), spec.features.exclude),
        (("features", "known_before"), spec.features.known_before),
        (("source", "keys"), spec.source.keys),
        (("source", "private"), spec.source.private),
    ):
        for index, column in enumerate(columns):
            if column == target and path != ("source", "private"):
                yield (*path, index), f"names {target!r}, which is the target column"
            if column in columns[:index]:
                yield (*path, index), f"names {column!r} twice"


def _present(spec: "PipelineSpec", key: str) -> bool:
    value: object = spec
    for part in key.split("."):
        value = getattr(value, part, None)
        if value is None or value == ():
            return False
    return True
