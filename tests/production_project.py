"""The pipeline `small` in production: what its spec says beyond the pilot's, and moments of its stores."""

from pilot_moments import MOMENTS, Stores, Way
from pilot_project import PILOT, write_days
from small_project import write_spec

# Of 320 rows little can be ruled out: what is allowed is much.
METRICS = "[{metric: error_rate, max_increase: 0.3}, {metric: predictions, max_distance: 0.8}]"
ROLLOUT = f"{{steps: [25, 50], interval: PT1S, deadline: PT1H, min_events: 30, metrics: {METRICS}}}"


def production(rollout: str = ROLLOUT, **changes: str) -> dict[str, str]:
    """Return what the spec says, with some of its top-level keys replaced."""
    return {
        **PILOT,
        "stage": "production",
        "owners": "{business: dana, model: mo, data: di, operations: olu}",
        "kpi": "{metric: mean_absolute_error, max: 50, value_per_unit: 1}",
        "release": f"{{target: batch, approvers: [model, operations], rollout: {rollout}}}",
        "monitor": "{window: P7D, drift: {fail_above: 0.1}, persist: {k: 1, n: 1}}",
        **changes,
    }


def _begin(stores: Stores, execute: object) -> None:
    del execute
    write_spec(stores.project, **production())
    write_days(stores.project, 30)


# A champion is in use and has scored, and a candidate was approved.
PRODUCTION_MOMENTS: dict[str, Way] = {**MOMENTS, "begun": _begin}
