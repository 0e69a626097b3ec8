"""What is known of a champion from its release: its holdout, asked anew, and its evaluation there."""

from typing import TYPE_CHECKING, Any

from stageline.exceptions import MissingStepError
from stageline.spec import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stageline.evaluation import Estimate
    from stageline.monitoring.released import Released
    from stageline.operators.champion import Champion


def released_holdout(champion: "Champion") -> "Released":
    """Return what a champion's release leads one to expect of it.

    :raises MissingStepError: Its training left no record of its snapshot, or the snapshot has no holdout.
    :raises ArtifactError: The model's file or the snapshot is not the one recorded.
    """
    import numpy as np
    import pyarrow as pa

    from stageline.evaluation import predict
    from stageline.monitoring.released import Released
    from stageline.monitoring.samples import Sample
    from stageline.operators.stored_rows import part_of, read_snapshot, rows_of

    run, features = champion.run, champion.features
    table = part_of(read_snapshot(run, features), "holdout")
    if not table.num_rows:
        raise MissingStepError(
            f"model version {champion.version.version} of {run.name!r} has no holdout in its snapshot "
            f"{champion.version.snapshot}; train and release again"
        )
    rows = rows_of(run, table, features)
    said = predict(champion.load(), rows.features, classify=run.spec.target.task is Task.CLASSIFICATION)
    time = run.spec.source.event_time
    seconds = None if time is None else np.asarray(table[time].cast(pa.int64())) // 1_000_000
    evaluated = _evaluation(champion)
    return Released(
        Sample.of(run.spec, rows.target, said, seconds),
        _kpi(evaluated, run.spec.kpi.metric),
        _over_dummy(evaluated, run.spec.kpi.metric),
        said.classes,
    )


def _evaluation(champion: "Champion") -> "Mapping[str, Any]":
    run, version = champion.run, champion.version
    dag_id, _, run_id = version.dag_run.partition("/")
    for record in run.ledger.records(run.name, dag_id=dag_id, run_id=run_id, step="evaluate"):
        evidence: Mapping[str, Any] = record.evidence.get("evidence") or {}
        if evidence.get("model_digest") == version.digest:
            return evidence
    return {}


def _kpi(evaluated: "Mapping[str, Any]", metric: str) -> "Estimate | None":
    from stageline.evaluation import Estimate

    for each in evaluated.get("metrics") or ():
        found = each["estimates"].get("model") or {}
        if each["name"] == metric and found.get("value") is not None:
            return Estimate(found["value"], found.get("low"), found.get("high"))
    return None


def _over_dummy(evaluated: "Mapping[str, Any]", metric: str) -> float | None:
    first = next(iter(evaluated.get("metrics") or ()), None)
    # Improvements are those of the KPI of then.
    if first is None or first["name"] != metric:
        return None
    found = (each["estimate"]["value"] for each in evaluated.get("improvements") or () if each["over"] == "dummy")
    return next(found, None)
