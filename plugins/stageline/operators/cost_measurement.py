"""Measure how long the newest run's model takes, and put it on record for the costs."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline import __version__
from stageline.costs.measuring import ServicePoints, measure_service
from stageline.exceptions import CostError
from stageline.operators.monitor_records import evidence_of
from stageline.verdicts import Mode, Verdict

if TYPE_CHECKING:
    from stageline.ledger import Ledger, Record
    from stageline.operators.run_context import RunContext
    from stageline.settings import Settings
    from stageline.spec import LoadedSpec

STEP = "measure"
_LOOKED_AT = 50


def measure_newest(loaded: "LoadedSpec", settings: "Settings", ledger: "Ledger", *, actor: str) -> ServicePoints:
    """Load the model of the newest run that was evaluated, time it on its holdout, and record what was found.

    :param actor: Who asked.
    :raises CostError: No run was evaluated yet.
    :raises ArtifactError: The stored model is not the one recorded.
    """
    from stageline.operators.aliases import tracking_of
    from stageline.operators.run_context import RunContext
    from stageline.operators.stored_model import load_stored
    from stageline.operators.stored_rows import part_of, read_snapshot, rows_of

    name = loaded.spec.pipeline
    evaluated = evaluated_record(ledger, name)
    run = RunContext(
        name=name, loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
        tracking=tracking_of(settings), dag_id=evaluated.dag_id, run_id=evaluated.run_id, task_id=STEP, map_index=-1,
        try_number=1, run_after=datetime.now(UTC), actor=actor,
    )  # fmt: skip
    features = run.evidence("features")
    rows = rows_of(run, part_of(read_snapshot(run, features), "holdout"), features)
    model = load_stored(run, {"model": run.evidence("train")["model"]})["model"]
    found = measure_service(model, rows.features)
    ledger.append(_entry(run, evaluated, found))
    return found


def evaluated_record(ledger: "Ledger", pipeline: str) -> "Record":
    """Return the newest record of an evaluation that measured a latency.

    :raises CostError: There is none.
    """
    records = ledger.records(pipeline, step="evaluate", limit=_LOOKED_AT)
    found = next((record for record in records if evidence_of(record).get("latency")), None)
    if found is None:
        raise CostError(
            f"no run of {pipeline!r} has measured how long the model takes; run it first: stageline run {pipeline}"
        )
    return found


def _entry(run: "RunContext", evaluated: "Record", found: ServicePoints) -> Any:
    from stageline.ledger import Entry

    moment = datetime.now(UTC).isoformat()
    single = 1_000 * found.points[0].seconds
    return Entry(
        pipeline=run.name, kind="measurement", step=STEP, verdict=Verdict.PASSED,
        sentence=f"one row takes {single:.3g} ms (median), {found.p99_ms:.3g} ms (99th percentile)",
        evidence={
            "evidence": {
                "model_digest": evidence_of(evaluated).get("model_digest"), "p99_ms": found.p99_ms,
                "points": [[point.rows, point.concurrency, point.seconds] for point in found.points],
            }
        },
        stage=run.stage, mode=Mode.ENABLED, dag_id="", run_id=f"{STEP}__{moment}", task_id="", actor=run.actor,
        idempotency_key=f"{STEP}/{run.name}/{moment}", spec_digest=run.spec_digest, package_version=__version__,
    )  # fmt: skip
