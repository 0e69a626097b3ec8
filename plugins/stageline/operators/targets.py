"""Which target a pipeline's spec names."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from stageline.exceptions import SpecError

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.serving.target import Target

GROUP = "stageline.targets"


def target_of(run: "RunContext") -> "Target":
    """Return the target that the spec names: one of ours, or one that is registered under `stageline.targets`.

    A registered one is a function that takes the run and returns a `Target`.

    :raises SpecError: The spec names none, or one that nobody knows.
    """
    if run.spec.release is None:
        raise SpecError(f"pipeline {run.name!r} has no section 'release', which names its target")
    name = run.spec.release.target
    if name in BUILT_IN:
        return BUILT_IN[name](run)
    found = {point.name: point for point in entry_points(group=GROUP)}
    if name not in found:
        known = ", ".join(sorted({*BUILT_IN, *found}))
        raise SpecError(f"release.target: unknown target {name!r}; known: {known}")
    make: Callable[[RunContext], Target] = found[name].load()
    return make(run)


def _batch(run: "RunContext") -> "Target":
    from stageline.operators.batch_target import BatchTarget

    return BatchTarget(run)


BUILT_IN: Mapping[str, Callable[["RunContext"], "Target"]] = {"batch": _batch}
