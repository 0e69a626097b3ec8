"""Model 4: what a model loses as it gets older, by fitting it on rows that end earlier and earlier."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from stageline.operators.earning.finding import Finding, NotRunError
from stageline.operators.earning.trained import Trained
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_WINDOW = timedelta(days=7)
_MAX_LOSS = 0.10
_DOUBLINGS = 6
_LEAST_ROWS = 50
# Where no age that could be tried loses anything, a model may still get this old.
_NO_LOSS_DAYS = 30.0
_DAY = 86_400.0


def run(run: "RunContext") -> Finding:
    """Fit on as many rows that end 1, 2, 4 … windows before the holdout begins, and judge all on the holdout.

    :raises NotRunError: The rows have no time, or too few of them are older than a window.
    """
    import numpy as np
    import pyarrow as pa

    column = run.spec.source.event_time
    if column is None:
        raise NotRunError("staleness needs source.event_time: without it no row is older than another")
    trained = Trained.newest(run)
    monitor = run.spec.monitor
    window = monitor.window if monitor else _WINDOW
    most = monitor.performance.max_loss if monitor else _MAX_LOSS
    train, table = trained.part("train"), trained.part("holdout")
    times = np.asarray(train[column].cast(pa.int64()))
    rows, begin = trained.rows_of(table), int(np.asarray(table[column].cast(pa.int64())).min())
    ages = [window * 2**power for power in range(_DOUBLINGS)]
    ends = {age: int((times < begin - int(age.total_seconds() * 1e6)).sum()) for age in ages}
    ends = {
        age: rows_before for age, rows_before in ends.items() if rows_before >= max(_LEAST_ROWS, train.num_rows // 2)
    }
    if not ends:
        raise NotRunError(
            f"of {train.num_rows:,} training rows fewer than half are older than one window of {window}: a model of an "
            "earlier time cannot be fitted; bring more history, or choose a shorter monitor.window"
        )
    # As many rows for each: what is measured is age, not how much was learnt from.
    size = min(ends.values())
    fresh = trained.ask(trained.fit(trained.rows_of(train.slice(train.num_rows - size, size))), rows.features)
    curve: list[dict[str, Any]] = []
    for age, end in ends.items():
        old = trained.ask(trained.fit(trained.rows_of(train.slice(end - size, size))), rows.features)
        found = trained.contest(table, rows.target, fresh, old).compare()
        curve.append({
            "days": age.total_seconds() / _DAY, "kpi": found.champion.value, "fresh": found.candidate.value,
            "loss": found.improvement.value, "low": found.improvement.low, "high": found.improvement.high,
            "relative": found.relative,
        })  # fmt: skip
    stale = next((each["days"] for each in curve if _lost(each, most)), None)
    oldest = curve[-1]["days"]
    days = stale if stale is not None else max(oldest, _NO_LOSS_DAYS)
    metric = run.spec.kpi.metric
    shown = ", ".join(f"{each['days']:g} days: {each['loss']:+.3g}" for each in curve)
    what = (
        f"more than {most:.0%} is lost at {stale:g} days"
        if stale is not None
        else f"no loss above {most:.0%} up to {oldest:g} days"
    )
    sentence = f"what a model loses in {metric} by its age: {shown}; {what}"
    return Finding(
        sentence, [("known", Verdict.PASSED, sentence)], {"curve": curve, "stale_after_days": days, "rows": size},
        n=len(rows.target),
    )  # fmt: skip


def _lost(point: dict[str, Any], most: float) -> bool:
    """Whether an age loses too much beyond doubt: the loss is above zero for sure, and as large as it may not be."""
    relative = point["relative"]
    return bool(point["low"] is not None and point["low"] > 0 and relative is not None and relative > most)
