"""A table checked on its own: judged where it lies, and a copy kept of the rows that fail."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stageline.operators.quality_history import QualityHistory
from stageline.operators.table_place import TablePlace
from stageline.spec.models import Expectation
from stageline.spec.operating import QualityGate
from stageline.verdicts import Mode, Report

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.quality.table_engine import FailingRows
    from stageline.tables.quarantine import StoredQuarantine


@dataclass(frozen=True)
class TableCheck:
    """What to check; see `DataQualityOperator` for the parameters."""

    place: TablePlace
    expectations: tuple[Expectation, ...]
    gate: QualityGate
    private: tuple[str, ...]

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return what the result depends on; a table that cannot be told apart by a glance is checked anew."""
        return {
            "place": (self.place.shown, self.place.engine),
            "asked": [repr(expectation) for expectation in self.expectations],
            "gate": repr(self.gate),
            "private": sorted(self.private),
            "content": self.place.content or f"try {run.try_number}",
        }

    def check(self, run: "RunContext") -> Report:
        """Check the table, and keep a copy of the rows that fail."""
        from stageline.quality import Handled, RowCount, check_quality, failed_by_rows, settle

        history = QualityHistory.of(run)
        content = self.place.content
        with self.place.opened() as engine:
            report = check_quality(
                engine, self.expectations, mode=Mode.ENABLED, private=self.private, like=history.histograms
            )
            failed = failed_by_rows(report, self.expectations)
            failing = engine.failing_rows(list(failed.values()))
        stored = self._keep(run, failed, failing)
        rows = report.evidence["rows"]
        run.meter.count(rows=rows)
        count = RowCount(rows_in=rows, passed=rows - stored.rows, quarantined=stored.rows)
        evidence = {
            **report.evidence,
            "source": {"uri": self.place.shown, "digest": content},
            "quarantine": {
                "rows_in": count.rows_in,
                "passed": count.passed,
                "quarantined": count.quarantined,
                "readmitted": 0,
                "table": stored.table,
                "version": stored.version,
                "digest": stored.digest,
            },
        }
        handled = {name: Handled(sum(index in each for each in failing.failed)) for index, name in enumerate(failed)}
        settled = settle(
            Report(step=report.step, checks=report.checks, evidence=evidence),
            count,
            handled,
            max_quarantined=self.gate.max_quarantined,
        )
        return history.judge(settled, self.gate.persist)

    def _keep(
        self, run: "RunContext", failed: "Mapping[str, Expectation]", failing: "FailingRows"
    ) -> "StoredQuarantine":
        from stageline.quality.checks import EXPECTATION
        from stageline.quality.judgement import reason_of
        from stageline.tables.quarantined_rows import rows_of_table
        from stageline.tables.row_ids import row_ids

        count = len(failing.failed)
        if not count:
            return run.quarantine.write(dag_run=run.run_id)
        names, reasons = list(failed), [reason_of(expectation) for expectation in failed.values()]
        ids = row_ids(failing.rows)
        # Rows without an order come in any; a second try finds what the first one wrote only in the same one.
        order = list(range(count)) if failing.positions is not None else sorted(range(count), key=ids.__getitem__)
        by_row = [failing.failed[at] for at in order]
        rows = rows_of_table(
            failing.rows.take(order),
            positions=failing.positions,
            source=self.place.shown,
            source_digest="",
            codes=[[EXPECTATION]] * count,
            expectations=[[names[index] for index in each] for each in by_row],
            reasons=[[reasons[index] for index in each] for each in by_row],
            ids=[ids[at] for at in order],
        )
        return run.quarantine.write(rows, dag_run=run.run_id)
