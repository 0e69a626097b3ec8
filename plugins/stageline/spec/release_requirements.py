"""What may not clash in what a spec says of its releases: approvers, target, and what a rollout is judged by."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stageline.spec.durations import format_duration
from stageline.spec.problems import Problem

if TYPE_CHECKING:
    from stageline.spec.models import PipelineSpec
    from stageline.spec.operating import Release

# What a target cannot tell of single answers.
_UNMEASURED: dict[str, tuple[str, ...]] = {"batch": ("latency",), "sagemaker": ("latency", "kpi")}


def release_contradictions(spec: "PipelineSpec") -> Iterator[Problem]:
    """Yield which parts of the section `release` contradict each other, or the owners."""
    if spec.release is not None:
        yield from _approvals(spec, spec.release)
        yield from _target(spec.release)
        yield from _rollout(spec.release)
        yield from _late_labels(spec, spec.release)
        yield from _ab_test(spec, spec.release)


def _approvals(spec: "PipelineSpec", release: "Release") -> Iterator[Problem]:
    people = set()
    for index, role in enumerate(release.approvers):
        owner = getattr(spec.owners, role)
        people.add(owner)
        if owner is None:
            yield (
                ("release", "approvers", index),
                f"{role!r} approves, but owners.{role} is missing; name that owner",
            )
    if release.approvals > len(people):
        yield (
            ("release", "approvals"),
            f"{release.approvals} approvals of {len(people)} people can never come; name more approvers",
        )


def _target(release: "Release") -> Iterator[Problem]:
    for target in ("http", "sagemaker"):
        if target != release.target and getattr(release, target) is not None:
            yield ("release", target), f"does not belong to target {release.target!r}; leave it out"
    if release.target == "sagemaker" and release.sagemaker is None:
        yield ("release", "sagemaker"), "missing; target 'sagemaker' needs it: it says which endpoint serves"


def _rollout(release: "Release") -> Iterator[Problem]:
    if release.rollout is None:
        return
    if release.rollout.steps[0] == 0 and release.target == "batch":
        yield (
            ("release", "rollout", "steps", 0),
            "0 is a shadow, which the target 'batch' does not have; begin with a share of the rows",
        )
    lacking = _UNMEASURED.get(release.target, ())
    if release.sagemaker is not None and release.sagemaker.capture is None:
        lacking = (*lacking, "predictions")
    # Without metrics of its own, a rollout is judged by errors and predictions.
    for name in [metric.metric for metric in release.rollout.metrics] or ["predictions"]:
        if name in lacking:
            how = ", or name release.sagemaker.capture" if name == "predictions" else ""
            message = (
                f"{name!r} is not measured by target {release.target!r}: every step would be undone at its deadline; "
                f"name other metrics{how}"
            )
            yield ("release", "rollout", "metrics"), message


def _late_labels(spec: "PipelineSpec", release: "Release") -> Iterator[Problem]:
    labels = spec.monitor.labels if spec.monitor else None
    if release.rollout is None or (labels is not None and labels.arrived is not None):
        return
    delay, deadline = spec.target.label_delay, release.rollout.deadline
    for index, metric in enumerate(release.rollout.metrics):
        if metric.metric == "kpi" and delay > deadline:
            message = (
                f"'kpi' needs labels, which come target.label_delay = {format_duration(delay)} after the event: by the "
                f"deadline of a step, {format_duration(deadline)}, nothing is known, and the rollout is undone; give "
                "it more time, name monitor.labels.arrived where labels come sooner, or judge by other metrics"
            )
            yield ("release", "rollout", "metrics", index), message


def _ab_test(spec: "PipelineSpec", release: "Release") -> Iterator[Problem]:
    if release.rollout is None or release.rollout.ab_test is None:
        return
    where = ("release", "rollout", "ab_test")
    if release.target == "sagemaker":
        yield where, f"{release.target!r} does not tell which row an answer is for: no outcome can be found"
    elif not spec.source.keys or spec.source.event_time is None:
        yield where, "needs source.keys and source.event_time, by which outcomes are found; name both"
    test = release.rollout.ab_test
    delay = spec.target.label_delay if test.outcome.delay is None else test.outcome.delay
    if test.outcome.arrived is None and delay >= test.duration:
        own = test.outcome.delay is not None
        name = "outcome.delay" if own else "target.label_delay, the default of outcome.delay,"
        message = (
            f"{name} is {format_duration(delay)}, and the test over after {format_duration(test.duration)}: no outcome "
            "would come in time; plan for longer, or name the column outcome.arrived where they come sooner"
        )
        yield (*where, *(("outcome", "delay") if own else ("duration",))), message
