"""A pipeline's source checked: what fails by single rows is put aside, the rest of the run goes on without it."""

from typing import TYPE_CHECKING

from stageline.exceptions import DataError
from stageline.operators.quality_history import QualityHistory
from stageline.operators.releases import released_ids
from stageline.operators.row_failures import RowFailures
from stageline.verdicts import Check, Mode, Report, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pyarrow as pa

    from stageline.operators.run_context import RunContext
    from stageline.quality import RowCount
    from stageline.quality.row_rules import RowFinding
    from stageline.tables.readmission import Readmission

_READMITTED = "SL-Q017"


def check_pipeline(run: "RunContext", mode: Mode, now: "datetime") -> Report:
    """Check the source of the run's pipeline and put its bad rows aside.

    Nothing is written before the rows that passed are known to be usable, or the run is known to stop here.

    :param mode: In a dry run only rows that no model can be trained on are put aside; those that fail an
        expectation are shown, and stay.
    :param now: Event times after it lie in the future.
    :raises DataError: No model could be trained on the rows that passed.
    """
    from stageline.quality import rows_conserved, settle
    from stageline.training import check_estimator

    spec, source = run.spec, run.source
    check_estimator(spec)
    history = QualityHistory.of(run)
    failures = RowFailures(source.rejected)
    inspected = _inspect(run, history, failures, mode, now)
    admitted = failures.admit(run, released_ids(run.ledger, run.name))
    gate = spec.quality_gate

    def settled(report: Report, count: "RowCount") -> Report:
        return settle(report, count, failures.handled(admitted), max_quarantined=gate.max_quarantined)

    rows = source.table.num_rows
    run.meter.count(rows=rows)
    foreseen = failures.count(rows, admitted, len(admitted.quarantined) + len(source.rejected))
    if mode is Mode.DRY_RUN or settled(inspected, foreseen).verdict.advances:
        _require_usable(run, admitted)
    stored = failures.keep(run, admitted)
    count = failures.count(rows, admitted, stored.rows)
    evidence = {
        "source": {
            "uri": source.uri,
            "digest": source.digest,
            "rows": rows,
            "columns": source.table.num_columns,
            "size_bytes": source.size_bytes,
        },
        "quarantine": {
            "rows_in": count.rows_in,
            "passed": count.passed,
            "quarantined": count.quarantined,
            "readmitted": count.readmitted,
            "appended": list(admitted.appended),
            "table": stored.table,
            "version": stored.version,
            "digest": stored.digest,
        },
    }
    report = Report(
        step=inspected.step,
        checks=(*inspected.checks, *_readmitted(admitted), rows_conserved(count)),
        evidence={**inspected.evidence, **evidence},
    )
    return history.judge(settled(report, count), gate.persist)


def _inspect(run: "RunContext", history: QualityHistory, failures: RowFailures, mode: Mode, now: "datetime") -> Report:
    """Hold rows to the built-in rules, and what is left to the expectations; note each failing row."""
    from stageline.leakage import check_leaks
    from stageline.quality import check_quality, failed_by_rows
    from stageline.quality.engines import open_arrow
    from stageline.quality.row_rules import find_bad_rows
    from stageline.tables import feature_columns

    spec, table = run.spec, run.source.table
    findings = find_bad_rows(
        table,
        features=feature_columns(table, spec),
        keys=spec.source.keys,
        event_time=spec.source.event_time,
        target=spec.target.column,
        now=now,
        private=spec.source.private,
    )
    for finding in findings:
        failures.add_finding(finding)
    left, positions = failures.without(table)
    with open_arrow(left) as engine:
        report = check_quality(
            engine, spec.quality, mode=Mode.ENABLED, private=spec.source.private, like=history.histograms
        )
        failed = failed_by_rows(report, spec.quality) if mode is Mode.ENABLED else {}
        failures.add_failing(failed, engine.failing_rows(list(failed.values())), positions)
    checks = (
        *failures.line_checks(table.num_rows),
        *(_as_check(finding, table.num_rows) for finding in findings),
        *report.checks,
        *check_leaks(left, spec),
        *_fresh(run, left, now),
    )
    return Report(step=report.step, checks=checks, evidence=report.evidence)


def _require_usable(run: "RunContext", admitted: "Readmission") -> None:
    from stageline.tables import require_usable

    try:
        require_usable(admitted.passed, run.spec, name=run.source.uri)
    except DataError as error:
        if left := len(admitted.quarantined):
            rows = run.source.table.num_rows
            raise DataError(f"{error} (after {left:,} of {rows:,} rows were put aside)") from error
        raise


def _as_check(finding: "RowFinding", rows: int) -> Check:
    return Check(
        code=finding.code, name=finding.name, verdict=Verdict.FAILED, message=finding.sentence,
        value=len(finding.positions), limit=0, n=rows,
        details={"column": finding.columns[0]} if len(finding.columns) == 1 else {},
    )  # fmt: skip


def _readmitted(admitted: "Readmission") -> "Iterator[Check]":
    if not admitted.sentences:
        return
    yield Check(
        code=_READMITTED, name="released_rows", severity=Severity.WARNING,
        verdict=Verdict.FAILED if admitted.refused else Verdict.PASSED,
        message="; ".join(admitted.sentences),
        n=len(admitted.let_in) + len(admitted.appended),
    )  # fmt: skip


def _fresh(run: "RunContext", table: "pa.Table", now: "datetime") -> "Iterator[Check]":
    from stageline.quality import check_freshness
    from stageline.tables import parse_event_time

    column, max_age = run.spec.source.event_time, run.spec.quality_gate.max_age
    if max_age is None or column is None or column not in table.column_names or not table.num_rows:
        return
    try:
        times = parse_event_time(table, column)
    except DataError:
        return  # no table with such times is usable: it is refused right after
    import pyarrow.compute as pc

    yield check_freshness(
        pc.max(times).as_py(), column=column, now=now, max_age=max_age, private=column in run.spec.source.private
    )
