"""The rows of a recorded snapshot, as models take them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.spec import Task

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.operators.run_context import RunContext
    from stageline.training import TrainingRows


def read_snapshot(run: "RunContext", evidence: Mapping[str, Any]) -> "pa.Table":
    """Return the snapshot that the step `features` recorded."""
    snapshot = evidence["snapshot"]
    table = run.snapshots.read(snapshot["version"], digest=snapshot["digest"])
    run.meter.count(bytes_read=run.snapshots.size_bytes(snapshot["version"]))
    return table


def rows_of(run: "RunContext", table: "pa.Table", evidence: Mapping[str, Any]) -> "TrainingRows":
    """Return features and target of a table: numbers as float64, labels in the type scikit-learn takes them."""
    import numpy as np

    from stageline.features import model_frame
    from stageline.training import TrainingRows

    numeric, categorical = tuple(evidence["numeric"]), tuple(evidence["categorical"])
    classify = run.spec.target.task is Task.CLASSIFICATION
    target = table[run.spec.target.column].to_pylist()
    return TrainingRows(
        features=model_frame(table, list(numeric), list(categorical)),
        # As objects, whole numbers and booleans would be no classes to scikit-learn.
        target=np.asarray(target, dtype=float if not classify else object if isinstance(target[0], str) else None),
        numeric=numeric,
        categorical=categorical,
    )


def part_of(table: "pa.Table", part: str) -> "pa.Table":
    """Return one part of the split."""
    import pyarrow.compute as pc

    from stageline.features import SPLIT

    return table.filter(pc.equal(table[SPLIT], part))


def newest_event_time(run: "RunContext") -> str:
    """Return the newest event time of the run's snapshot as `moment_text` writes it; empty without an event time."""
    import pyarrow.compute as pc

    from stageline.ledger import moment_text

    event_time = run.spec.source.event_time
    if event_time is None:
        return ""
    return moment_text(pc.max(read_snapshot(run, run.evidence("features"))[event_time]).as_py())
