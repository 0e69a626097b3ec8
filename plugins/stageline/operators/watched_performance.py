"""The performance of a champion in a window: what the step says of it, and what a replay of history says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.evaluation import Estimate, Predictions
    from stageline.monitoring.estimation import Estimated
    from stageline.monitoring.label_checks import LabelCounts
    from stageline.monitoring.labels import LabelledRows
    from stageline.monitoring.money import WindowValue
    from stageline.monitoring.performance import Performance, PerformanceLimits
    from stageline.monitoring.released import Released, ScoredRows
    from stageline.monitoring.smoothing import Smoothed
    from stageline.monitoring.windows import Window
    from stageline.spec import PipelineSpec
    from stageline.verdicts import Check


@dataclass(frozen=True)
class JudgedWindow:
    """A window whose labels had time to come, and what is said of it.

    :param labels: What was known of its predictions.
    :param performance: What the labelled rows show; none: no prediction counts.
    :param loss: Against what the release leads one to expect; none: the window is not judged, or it is not defined.
    :param smoothed: The loss over this window and those before.
    :param checks: SL-M012 to SL-M015.
    """

    window: "Window"
    labels: "LabelCounts"
    performance: "Performance | None"
    loss: "Estimate | None"
    smoothed: "Smoothed | None"
    value: "WindowValue | None"
    checks: "tuple[Check, ...]"

    @property
    def kpi(self) -> "Estimate | None":
        """The window's KPI; none without a label."""
        return self.performance.kpi if self.performance is not None and self.performance.n else None


def limits_of(spec: "PipelineSpec") -> "PerformanceLimits":
    """Return what the spec asks of a window."""
    from stageline.monitoring.performance import PerformanceLimits

    if spec.monitor is None:
        return PerformanceLimits()
    asked, labels = spec.monitor.performance, spec.monitor.labels
    return PerformanceLimits(asked.max_loss, asked.min_n, labels.min_coverage, asked.smoothing)


def judge_labelled(
    spec: "PipelineSpec",
    window: "Window",
    joined: "LabelledRows",
    released: "Released",
    earlier: "Sequence[Estimate | None]",
    *,
    uri: str,
    none: str = "",
    missing: str = "",
) -> JudgedWindow:
    """Judge a window by its labelled rows.

    :param earlier: Losses of windows before this one, the oldest first.
    :param uri: Where the labels come from.
    :param none: Why no prediction counts, if so.
    :param missing: Why there is no table of labels, if so.
    """
    from stageline.monitoring.label_checks import labels_check, undecided
    from stageline.monitoring.money import value_of_window
    from stageline.monitoring.performance import measure_performance
    from stageline.monitoring.performance_checks import LOSS, answers_check, performance_checks
    from stageline.monitoring.smoothing import smooth
    from stageline.verdicts import Severity

    limits = limits_of(spec)
    rows, unseen = scored_rows(spec, joined, released) if joined.scored else (None, [])
    counts = _counts(joined, uri, len(unseen), missing)
    if not is_private(spec):
        counts = replace(counts, unseen_classes=tuple(map(str, dict.fromkeys(unseen))))
    if none:
        counts = replace(counts, none=none)
    severity = Severity.WARNING if spec.monitor and spec.monitor.persist else Severity.CRITICAL
    labels = labels_check(counts, limits, severity=severity)
    changed = (answers_check(released),) if released.answers_changed else ()
    if rows is None:
        return JudgedWindow(window, counts, None, None, None, None, (labels, *changed))
    why = undecided(counts, limits)
    performance = measure_performance(rows, released, seed=spec.train.seed)
    loss = None if why or changed else performance.loss
    smoothed = smooth([*earlier, loss], limits.smoothing, shared=performance.shared) if loss is not None else None
    checks = performance_checks(performance, smoothed, spec.kpi, limits, why=why, severity=severity)
    if changed:
        # Today's answers on the holdout are no expectation: only the goal can be judged.
        checks = (*(check for check in checks if check.code != LOSS), *changed)
    value = None if why or changed else value_of_window(rows, performance, released, spec.kpi)
    return JudgedWindow(window, counts, performance, loss, smoothed, value, (labels, *checks))


def scored_rows(spec: "PipelineSpec", joined: "LabelledRows", released: "Released") -> "tuple[ScoredRows, list[Any]]":
    """Return the predictions with their true values, and those of these that are of a class that the model lacks."""
    import numpy as np

    from stageline.monitoring.released import ScoredRows
    from stageline.monitoring.said import truth_of

    said = said_of(spec, joined.table, released)
    known = joined.known.copy()
    truth, usable = truth_of(joined.truth.drop_null(), said.classes)
    known[np.flatnonzero(known)[~usable]] = False
    return ScoredRows.of(spec, said, truth[usable], known, joined.seconds), truth[~usable].tolist()


def is_private(spec: "PipelineSpec") -> bool:
    """Whether true values may stand in no message or record."""
    labels = spec.monitor.labels if spec.monitor else None
    return bool({spec.target.column, labels.column if labels else None} & set(spec.source.private))


def said_of(spec: "PipelineSpec", table: "pa.Table", released: "Released") -> "Predictions":
    """Return what a table of predictions says."""
    from stageline.evaluation.evaluate import positive_class
    from stageline.monitoring.said import predictions_of

    classes = released.classes
    return predictions_of(table, classes, positive_class(spec, classes))


def estimate(spec: "PipelineSpec", batches: "Sequence[pa.RecordBatch]", released: "Released") -> "Estimated | None":
    """Return the KPI that is expected of predictions without a label; none of no predictions."""
    import pyarrow as pa

    from stageline.evaluation.predictions import coded
    from stageline.monitoring.estimation import estimate_performance

    if not batches:
        return None
    table = pa.Table.from_batches(list(batches))
    said = said_of(spec, table, released)
    time = spec.source.event_time
    seconds = None
    if time is not None:
        zone = table.schema.field(time).type.tz
        seconds = table[time].cast(pa.timestamp("us", zone)).cast(pa.int64()).to_numpy() // 1_000_000
    said = coded(said, said.classes) if said.classes else said
    return estimate_performance(said, released, seconds=seconds, seed=spec.train.seed)


def evidence_of(judged: JudgedWindow, released: "Released") -> dict[str, Any]:
    """Return what is recorded of a window: what was known, what was measured, and what it is worth."""
    counts, performance = judged.labels, judged.performance
    measured = performance if judged.kpi is not None else None
    expected = None if released.answers_changed else measured
    return {
        "labels": {
            **{
                name: value for name, value in asdict(counts).items()
                if name not in ("none", "missing", "unseen_classes")
            },
            "coverage": counts.coverage,
        },
        "kpi": measured and {"metric": measured.metric, **asdict(measured.kpi), "n": measured.n},
        "released": asdict(released.kpi) if released.kpi else None,
        # The recorded KPI asked anew of the same model and the same rows.
        "anew": {"value": released.anew, "changed": released.answers_changed},
        "compared": expected and asdict(expected.compared),
        "expected": expected and asdict(expected.expected),
        "loss": asdict(judged.loss) if judged.loss else None,
        "smoothed": asdict(judged.smoothed) if judged.smoothed else None,
        "mix": measured and {
            name: getattr(measured, name)
            for name in ("reweighted", "unlabelled", "unexpected", "outside", "left_out", "time_effect")
        },
        "value": asdict(judged.value) if judged.value else None,
    }  # fmt: skip


def earlier_losses(records: "Sequence[Mapping[str, Any]]", window: "Window") -> "list[Estimate | None]":
    """Return the losses of windows before this one that do not overlap, the oldest first.

    Windows that overlap have rows in common: of them the newest is taken, then the next that ends before it begins.

    :param records: Evidence of the step, of one model, the newest record first.
    """
    from datetime import datetime

    from stageline.evaluation import Estimate

    newest: dict[datetime, tuple[datetime, Any]] = {}
    for evidence in records:
        edges = evidence.get("window") or {}
        if "start" in edges and "end" in edges:
            start, end = (datetime.fromisoformat(edges[edge]) for edge in ("start", "end"))
            newest.setdefault(end, (start, evidence.get("loss")))
    losses: list[Estimate | None] = []
    begins = window.start
    for end in sorted(newest, reverse=True):
        start, loss = newest[end]
        if end > begins or not loss:
            continue
        losses.append(Estimate(loss["value"], loss["low"], loss["high"]))
        begins = start
    return losses[::-1]


def _counts(joined: "LabelledRows", uri: str, unseen: int, missing: str) -> "LabelCounts":
    from stageline.monitoring.label_checks import LabelCounts

    return LabelCounts(
        uri=uri, scored=joined.scored, labelled=joined.labelled - unseen, repeated=joined.repeated,
        corrected=joined.corrected, contradictory=joined.contradictory, nulls=joined.nulls, odd=joined.odd,
        late=joined.late, unseen=unseen, unmatched=joined.unmatched, missing=missing,
    )  # fmt: skip
