"""The step `features`: one versioned snapshot of what the model will see."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.operators.passed_rows import passed_rows
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.features import FeatureSet
    from stageline.operators.run_context import RunContext
    from stageline.tables import StoredSnapshot


class FeatureSnapshotOperator(GateOperator):
    """Build the feature table, split it, and keep it as a version of a Delta table.

    :param pipeline: Name of the pipeline.
    """

    step = "features"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the source as it is now, and which of its rows passed."""
        checked = run.earlier("quality")
        return {"source": run.source.digest, "quality": checked.digest if checked else ""}

    def check(self, run: "RunContext") -> Report:
        """Take the snapshot."""
        from stageline.features import build_features
        from stageline.tables import require_usable

        passed = passed_rows(run)
        require_usable(passed, run.spec, name=run.source.uri)
        features = build_features(passed, run.spec)
        stored = run.snapshots.write(features.table, dag_run=run.run_id)
        written = run.snapshots.size_bytes(stored.version) if stored.written_by == run.run_id else 0
        run.meter.count(rows=features.table.num_rows, bytes_written=written)
        return Report(
            step=self.step,
            checks=(_rows_conserved(passed, features), _labels_known(run, features), _stored(run, stored)),
            evidence={
                "source_digest": run.source.digest,
                "snapshot": {"table": stored.table, "version": stored.version, "digest": stored.digest},
                "written_by": stored.written_by,
                "numeric": list(features.numeric),
                "categorical": list(features.categorical),
                "parts": features.parts,
                "split": features.split,
            },
            sentence=f"snapshot version {stored.version} of {features.table.num_rows:,} rows and "
            f"{len(features.numeric) + len(features.categorical)} features ({stored.digest[:19]}…); {features.split}",
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Tag the MLflow run with the snapshot."""
        snapshot = report.evidence["snapshot"]
        tags = {f"stageline.snapshot_{name}": str(snapshot[name]) for name in ("version", "digest")}
        run.tracking.tag(mlflow_run, tags)


def _rows_conserved(passed: "pa.Table", features: "FeatureSet") -> Check:
    rows, kept = passed.num_rows, features.table.num_rows
    parts = ", ".join(f"{count:,} {part}" for part, count in features.parts.items())
    return Check(
        code="SL-F001", name="rows_conserved", n=rows, value=kept, limit=rows,
        verdict=Verdict.PASSED if kept == rows == sum(features.parts.values()) else Verdict.FAILED,
        message=f"{rows:,} rows in = {kept:,} rows kept ({parts})",
    )  # fmt: skip


def _labels_known(run: "RunContext", features: "FeatureSet") -> Check:
    from stageline.features.split import UNLABELLED

    missing = features.parts.get(UNLABELLED, 0)
    return Check(
        code="SL-F002", name="labels_known", n=features.table.num_rows, value=missing, limit=0,
        verdict=Verdict.FAILED if missing else Verdict.PASSED, severity=Severity.WARNING,
        message=f"{missing:,} row(s) without {run.spec.target.column!r} are kept but neither train nor judge"
        if missing else f"{run.spec.target.column!r} is known in every row",
    )  # fmt: skip


def _stored(run: "RunContext", stored: "StoredSnapshot") -> Check:
    again = stored.written_by != run.run_id
    message = (
        f"same content as version {stored.version}, stored by run {stored.written_by}: nothing new was written"
        if again
        else f"stored as version {stored.version}"
    )
    return Check(code="SL-F003", name="snapshot_stored", verdict=Verdict.PASSED, message=message, value=stored.version)
