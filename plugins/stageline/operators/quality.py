"""The step `quality`: whether the source is usable and keeps its expectations."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.verdicts import Mode, Report

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext


class DataQualityOperator(GateOperator):
    """Read the source and check it against the spec's expectations, with Great Expectations.

    A source that no model could be trained on is refused here, before anything is written anywhere.

    :param pipeline: Name of the pipeline.
    """

    step = "quality"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the source as it is now."""
        return {"source": run.source.digest}

    def check(self, run: "RunContext") -> Report:
        """Check the source."""
        from stageline.quality import check_quality
        from stageline.tables import require_usable
        from stageline.training import check_estimator

        check_estimator(run.spec)
        require_usable(run.source.table, run.spec, name=run.source.uri)
        report = check_quality(run.source.table.to_pandas(), run.spec.quality, mode=Mode.ENABLED)
        source = {
            "uri": run.source.uri,
            "digest": run.source.digest,
            "rows": run.source.table.num_rows,
            "columns": run.source.table.num_columns,
            "size_bytes": run.source.size_bytes,
        }
        return report.model_copy(update={"evidence": {**report.evidence, "source": source}})
