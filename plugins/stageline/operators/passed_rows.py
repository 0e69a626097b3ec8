"""The rows a run goes on with: those of its source that the step `quality` let pass."""

from typing import TYPE_CHECKING

from stageline.exceptions import SourceError
from stageline.tables.parsed_file import tell_rejected
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.operators.run_context import RunContext


def passed_rows(run: "RunContext") -> "pa.Table":
    """Return the source without the rows in quarantine, and with those that were let in again.

    A run without a step `quality` goes on with all rows.

    :raises SourceError: The source changed since it was checked, or holds lines that are no rows.
    :raises MissingStepError: The step `quality` refused the source.
    """
    record = run.earlier("quality")
    if record is not None and record.verdict == Verdict.ERRORED:
        run.evidence("quality")
    evidence = (record.evidence.get("evidence") or {}) if record else {}
    if not evidence.get("source"):
        return _all_rows(run)
    checked = evidence["source"]["digest"]
    if checked != run.source.digest:
        raise SourceError(
            f"{run.source.uri!r} changed since its quality was checked in this run: was {checked}, "
            f"is {run.source.digest}; clear the step 'quality' too"
        )
    if "quarantine" not in evidence:
        return _all_rows(run)  # a check of the user's own, or of an older version, which put nothing aside
    passed = _without(run, evidence["quarantine"])
    if passed.num_rows != evidence["quarantine"]["passed"]:
        raise SourceError(
            f"{run.source.uri!r}: {evidence['quarantine']['passed']:,} rows passed, but {passed.num_rows:,} are left; "
            "clear the step 'quality' too"
        )
    return passed


def _all_rows(run: "RunContext") -> "pa.Table":
    if run.source.rejected:
        raise SourceError(
            f"{run.source.uri!r}: {tell_rejected(run.source.rejected)}; put the step 'quality' before this one, "
            "which quarantines them, or mend the source"
        )
    return run.source.table


def _without(run: "RunContext", quarantine: dict[str, object]) -> "pa.Table":
    import numpy as np
    import pyarrow as pa

    from stageline.tables.restoring import restore

    table = run.source.table
    passes = np.ones(table.num_rows, dtype=bool)
    version = quarantine["version"]
    if isinstance(version, int):
        rows = run.quarantine.read(version, dag_run=run.run_id, digest=str(quarantine["digest"]))
        passes[rows["position"].drop_null().to_numpy()] = False
    parts = [table.filter(pa.array(passes))]
    appended = quarantine["appended"]
    if isinstance(appended, list) and appended:
        restored, _ = restore(run.quarantine.find(appended), table.schema)
        parts.append(restored)
    return pa.concat_tables(parts)
