"""The step `drift`: whether what comes in, and what the model says of it, is as it was in the reference."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.operators.drift_tables import TwoTables
from stageline.operators.monitoring import MonitoringOperator
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    from stageline.monitoring.drift import DriftLimits, Finding
    from stageline.operators.run_context import RunContext
    from stageline.operators.watched_window import WatchedWindow


class DriftCheckOperator(MonitoringOperator):
    """Compare a window of a released model, or any table, with a reference, by effect and not by number of rows.

    With `pipeline`, the champion's profile, window, measure and limits are the spec's. With `table` and `reference`,
    any two tables are compared; no spec is needed.

    :param pipeline: Name of the pipeline.
    :param until: End of the window, ISO 8601; default: what the run stands for, see `watched_time.end_of_watch`.
    :param table: Path of a CSV, Parquet or Delta table, inside the project or absolute.
    :param reference: What it is compared with: such a path, too.
    :param columns: Columns that are compared; default: all numbers, texts and booleans that both have.
    :param measure: `jensen_shannon` (default), `psi`, `wasserstein`, `kolmogorov_smirnov` or `total_variation`.
    :param fail_above: Distance above which a column has drifted.
    :param record_as: Name under which a table's runs are recorded; default: the DAG's id.
    """

    step = "drift"
    template_fields: Sequence[str] = ("pipeline", "until", "table", "reference")

    def __init__(
        self,
        *,
        pipeline: str | None = None,
        until: str | None = None,
        table: str | None = None,
        reference: str | None = None,
        columns: Sequence[str] = (),
        measure: str | None = None,
        fail_above: float | None = None,
        record_as: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pipeline=pipeline, **kwargs)
        given = {
            "table": table, "reference": reference, "columns": columns, "measure": measure, "fail_above": fail_above,
            "record_as": record_as,
        }  # fmt: skip
        self.two_tables = TwoTables.of(f"task {self.task_id!r}", pipeline=pipeline, until=until, given=given)
        self.until = until
        self.table = table
        self.reference = reference
        self.name_on_record = record_as
        self._watched: WatchedWindow | None = None

    @property
    def record_as(self) -> str | None:
        """What the runs of a table without a pipeline are recorded under."""
        return self.name_on_record

    def execute(self, context: Any) -> dict[str, Any]:
        """Compare, of nothing that an earlier try has opened."""
        self._watched = None
        return super().execute(context)

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return both sides as they are now."""
        if run.loaded is None:
            return self._tables().inputs(run)
        watched = self._window_of(run)
        return {
            "source": watched.source.digest,
            "model": watched.champion.version.digest,
            "generation": watched.champion.generation,
            "window": str(watched.window),
            "predictions": run.predictions.version,
        }

    def check(self, run: "RunContext") -> Report:
        """Count the rows in one scan and compare the counts."""
        return self._tables().check(run) if run.loaded is None else _check_window(run, self._window_of(run))

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log every distance; a table's check has no other step that would close its run."""
        values = {
            _metric_name(check): check.value
            for check in report.checks
            if check.value is not None and "kind" in check.details
        }
        self.show_values(run, report, mlflow_run, values)
        if run.loaded is None:
            run.tracking.finish(mlflow_run, succeeded=not report.blocks)

    def _tables(self) -> TwoTables:
        if self.two_tables is None:
            raise DataError(f"task {self.task_id!r}: names neither a pipeline nor two tables")
        # Rendered by now.
        return self.two_tables.at(self.table, self.reference)

    def _window_of(self, run: "RunContext") -> "WatchedWindow":
        from stageline.operators.champion import Champion
        from stageline.operators.watched_time import window_of
        from stageline.operators.watched_window import WatchedWindow

        if self._watched is None:
            self._watched = WatchedWindow(run, Champion.of(run), window_of(run, self.until))
        return self._watched


def _check_window(run: "RunContext", watched: "WatchedWindow") -> Report:
    from stageline.monitoring.checks import (
        drift_checks,
        drift_persistence,
        drift_sentence,
        mostly_decided,
        traffic_check,
    )
    from stageline.monitoring.drift import compare
    from stageline.operators.watched_persistence import persistent
    from stageline.operators.watched_privacy import private_columns
    from stageline.operators.watched_window import joined
    from stageline.operators.window_distributions import keep_distributions

    came, scored = watched.count()
    rows, predicted = int(came.rows.sum()), int(scored.rows.sum()) if scored else 0
    where, limits = f"{watched.source.uri!r} from {watched.window}", _limits(run)
    findings: tuple[Finding, ...] = ()
    kept: str | None = None
    if rows:
        counts, profile = joined(came, scored, watched.profile)
        findings = compare(profile, counts, watched.window, limits, private=private_columns(run))
        kept = keep_distributions(run, profile, counts, findings)
    persist = run.spec.monitor.persist if run.spec.monitor else None
    checks: tuple[Check, ...] = (
        traffic_check(rows, where, limits.min_n),
        *([_scored(predicted, rows)] if rows else []),
        *drift_checks(
            findings,
            Severity.WARNING if persist else Severity.CRITICAL,
            # Of a dozen columns, some always lie close to their limits: a window is not held up by one of them.
            undecided=Severity.WARNING if mostly_decided(findings) else None,
        ),
    )
    if persist:
        rule = drift_persistence(persist.k, persist.n)
        model, end = watched.champion.version.digest, watched.window.end
        checks = (*checks, *persistent(run, DriftCheckOperator.step, checks, rule, model=model, end=end))
    return Report(
        step=DriftCheckOperator.step,
        checks=checks,
        evidence={
            "window": {"start": watched.window.start.isoformat(), "end": watched.window.end.isoformat()},
            "rows": rows,
            "scored": predicted,
            "model": {"version": watched.champion.version.version, "digest": watched.champion.version.digest},
            "profile": watched.profile.made_from,
            "distributions": kept,
        },
        sentence=drift_sentence(findings, rows, predicted) if rows else f"no rows in {where}: nothing is known",
    )


def _limits(run: "RunContext") -> "DriftLimits":
    from stageline.monitoring.drift import DriftLimits

    return DriftLimits(fail_above=run.spec.monitor.drift.fail_above) if run.spec.monitor else DriftLimits()


def _scored(scored: int, rows: int) -> Check:
    if scored:
        return Check(
            code="SL-M011", name="scored", verdict=Verdict.PASSED, n=rows, value=scored,
            message=f"{scored:,} predictions for {rows:,} rows",
        )  # fmt: skip
    return Check(
        code="SL-M011", name="scored", verdict=Verdict.INCONCLUSIVE, n=rows, severity=Severity.WARNING,
        message=f"no prediction was made of {rows:,} rows: what the model says of them is not known",
    )  # fmt: skip


def _metric_name(check: Check) -> str:
    """Return a check's name as MLflow takes it: it groups charts by what stands before the slash."""
    from stageline.monitoring.signals import DISTRIBUTION

    details = check.details
    name = "drift" if details["kind"] == DISTRIBUTION else details["kind"]
    column = "".join(letter if letter.isalnum() or letter in "_-. " else "_" for letter in details["column"])
    # Dots alone would be another folder.
    return f"{name}/{column if column.strip('.') else '_'}"[:250]
