"""The step `performance`: how well a released model does once the true values are known, and what is to expect."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.operators.monitoring import MonitoringOperator
from stageline.verdicts import Report

if TYPE_CHECKING:
    from stageline.evaluation import Estimate
    from stageline.monitoring.estimation import Estimated
    from stageline.monitoring.released import Released
    from stageline.monitoring.windows import Window
    from stageline.operators.champion import Champion
    from stageline.operators.run_context import RunContext
    from stageline.operators.watched_labels import CountedPredictions, WatchedLabels
    from stageline.operators.watched_performance import JudgedWindow
    from stageline.verdicts import Check

# Of the step's own records, how many are looked through for the losses before.
_MOST_RECORDS = 500


class PerformanceCheckOperator(MonitoringOperator):
    """Compare a released model's KPI with its goal and with what its release leads one to expect.

    Judged is the newest whole window whose labels had time to come (`target.label_delay`); without labels, the newest
    window that has predictions is estimated, which only warns.

    :param pipeline: Name of the pipeline.
    :param until: What the run looks back from, ISO 8601; default: what it stands for, see
        `watched_time.end_of_watch`.
    """

    step = "performance"
    template_fields: Sequence[str] = ("pipeline", "until")

    def __init__(self, *, pipeline: str | None, until: str | None = None, **kwargs: Any) -> None:
        super().__init__(pipeline=pipeline, **kwargs)
        self.until = until
        self._asked: _Asked | None = None

    def execute(self, context: Any) -> dict[str, Any]:
        """Judge, with nothing that an earlier try has opened."""
        self._asked = None
        return super().execute(context)

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the predictions, the labels, the model and the window."""
        asked = self._of(run)
        return {
            "model": asked.champion.version.digest,
            "generation": asked.champion.generation,
            "window": str(asked.window),
            "labels": asked.labels.digest,
            "predictions": run.predictions.version,
        }

    def check(self, run: "RunContext") -> Report:
        """Join the predictions with their labels and judge them."""
        return _report(self._of(run))

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log what was measured of the window, and what was estimated of the newest one."""
        evidence = report.evidence
        self.show_values(run, report, mlflow_run, _shown(evidence))
        estimated = evidence.get("estimated")
        if estimated and estimated["value"] is not None:
            # At the end of its own window.
            newest = report.model_copy(update={"evidence": {**evidence, "window": estimated["window"]}})
            self.show_values(run, newest, mlflow_run, {"performance/estimated": estimated["value"]})

    def _of(self, run: "RunContext") -> "_Asked":
        from stageline.operators.champion import Champion
        from stageline.operators.watched_labels import WatchedLabels

        if self._asked is None:
            self._asked = _Asked(run, Champion.of(run), WatchedLabels(run), self.until)
        return self._asked


@dataclass(frozen=True)
class _Asked:
    """What a run of the step looks at."""

    run: "RunContext"
    champion: "Champion"
    labels: "WatchedLabels"
    until: str | None

    @cached_property
    def newest(self) -> "Window":
        """The window that has just ended."""
        from stageline.operators.watched_time import window_of

        return window_of(self.run, self.until)

    @cached_property
    def window(self) -> "Window":
        """The newest whole window whose labels had time to come."""
        from stageline.monitoring.windows import Window

        delay = self.run.spec.target.label_delay
        return Window(self.newest.start - delay, self.newest.end - delay)

    @cached_property
    def counted(self) -> "CountedPredictions":
        """The predictions that are judged."""
        return self._predictions(self.window)

    def judge(self, released: "Released") -> "JudgedWindow":
        """Judge the window by the labels that are known now."""
        from stageline.monitoring.labels import join_labels
        from stageline.operators.watched_performance import judge_labelled

        counted = self.counted
        joined = join_labels(
            counted.batches, self.labels.batches() if counted.batches else (), self.labels.columns, self.newest.end
        )
        return judge_labelled(
            self.run.spec, self.window, joined, released, self._earlier(),
            uri=self.labels.uri, none=counted.none, missing=self.labels.missing,
        )  # fmt: skip

    def estimate(self, released: "Released") -> "tuple[Window, Estimated] | None":
        """Estimate the newest window that has predictions; none has: none."""
        from stageline.operators.watched_performance import estimate

        for window in dict.fromkeys((self.newest, self.window)):
            counted = self.counted if window == self.window else self._predictions(window)
            found = estimate(self.run.spec, counted.batches, released)
            if found is not None:
                return window, found
        return None

    def _predictions(self, window: "Window") -> "CountedPredictions":
        from stageline.operators.watched_labels import champions_predictions

        counted = champions_predictions(self.run, self.champion.version, window)
        self.run.meter.count(rows=sum(batch.num_rows for batch in counted.batches))
        return counted

    def _earlier(self) -> "list[Estimate | None]":
        from stageline.operators.watched_performance import earlier_losses
        from stageline.operators.watched_persistence import earlier_windows

        records = earlier_windows(
            self.run, PerformanceCheckOperator.step, model=self.champion.version.digest, end=self.window.end,
            limit=_MOST_RECORDS,
        )  # fmt: skip
        return earlier_losses([record.evidence["evidence"] for _, record in records], self.window)


def _report(asked: "_Asked") -> Report:
    from stageline.monitoring.performance_checks import estimated_check, performance_sentence
    from stageline.operators.released_holdout import released_holdout
    from stageline.operators.watched_performance import evidence_of, limits_of

    run, version = asked.run, asked.champion.version
    released = released_holdout(asked.champion)
    judged = asked.judge(released)
    found = asked.estimate(released)
    checks: tuple[Check, ...] = judged.checks
    estimated: dict[str, Any] | None = None
    if found is not None:
        window, expected = found
        checks = (*checks, estimated_check(expected, run.spec.kpi, limits_of(run.spec)))
        estimated = {
            "window": _edges(window), "metric": expected.metric, **asdict(expected.kpi), "n": expected.n,
            "loss": asdict(expected.loss) if expected.loss else None, "how": expected.how,
        }  # fmt: skip
    return Report(
        step=PerformanceCheckOperator.step,
        checks=(*checks, *_persistent(asked, checks)),
        evidence={
            "window": _edges(asked.window),
            "model": {"version": version.version, "digest": version.digest},
            **evidence_of(judged, released),
            "estimated": estimated,
        },
        sentence=performance_sentence(checks),
    )


def _persistent(asked: "_Asked", checks: "Sequence[Check]") -> "tuple[Check, ...]":
    from stageline.monitoring.performance_checks import lasting, performance_persistence
    from stageline.operators.watched_persistence import persistent

    monitor = asked.run.spec.monitor
    if monitor is None or monitor.persist is None:
        return ()
    return persistent(
        asked.run, PerformanceCheckOperator.step, lasting(checks),
        performance_persistence(monitor.persist.k, monitor.persist.n),
        model=asked.champion.version.digest, end=asked.window.end,
    )  # fmt: skip


def _edges(window: "Window") -> dict[str, str]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}


def _shown(evidence: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers of a window as MLflow shows them."""
    values: dict[str, float | None] = {"performance/coverage": (evidence.get("labels") or {}).get("coverage")}
    for name in ("kpi", "expected", "loss", "smoothed"):
        found = evidence.get(name) or {}
        values |= {
            f"performance/{name}{ending}": found.get(part)
            for ending, part in (("", "value"), ("_low", "low"), ("_high", "high"))
        }
    money = evidence.get("value") or {}
    values |= {f"value/{name}": money.get(name) for name in ("amount", "per_1000", "lost")}
    return {name: value for name, value in values.items() if value is not None}
