"""A rollout of the pipeline `small` in production, a look at a time, without Airflow's waiting."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred
from deltalake import DeltaTable
from operator_fixtures import Execute
from pilot_moments import RUN_2, score
from small_project import Stores

from stageline.ledger import Head
from stageline.operators import RolloutOperator


def wait_for_look(execute: Execute, **given: Any) -> datetime:
    """Let the rollout go on until it waits; returns until when."""
    with pytest.raises(TaskDeferred) as waiting:
        execute(RolloutOperator, **{**RUN_2, **given})
    assert waiting.value.method_name == "resume"
    moment: datetime = waiting.value.trigger.moment
    return moment


def wait_until(moment: datetime) -> None:
    """Wait as the trigger does."""
    time.sleep(max((moment - datetime.now(UTC)).total_seconds(), 0) + 0.01)


def go_on(execute: Execute, until: datetime, **given: Any) -> datetime:
    """Wait as the trigger does, and let the rollout go on."""
    wait_until(until)
    return wait_for_look(execute, **given)


def waits_or_ends(execute: Execute, until: datetime, **given: Any) -> datetime | None:
    """Wait as the trigger does, and let the rollout go on; returns until when it waits then, or nothing at its end."""
    wait_until(until)
    try:
        execute(RolloutOperator, **{**RUN_2, **given})
    except TaskDeferred as waiting:
        moment: datetime = waiting.trigger.moment
        return moment
    return None


def end(execute: Execute, until: datetime, **given: Any) -> dict[str, Any]:
    """Wait as the trigger does, and take the rollout to its end."""
    wait_until(until)
    return execute(RolloutOperator, **{**RUN_2, **given})


def head(stores: Stores) -> Head:
    with stores.ledger() as ledger:
        return ledger.head("small")


def spoil(stores: Stores, digest: str) -> None:
    """Make a model's kept file, and the one in MLflow, another one."""
    for kept in (stores.home / "tables/small/models").glob("*.skops"):
        if digest.replace(":", "-") in kept.name:
            kept.write_bytes(b"no model")


def scored(stores: Stores, execute: Execute, run_id: str) -> dict[int, set[int]]:
    """Score everything; returns the rows' ids by the model version that answered."""
    score(execute, run_id=run_id)
    rows = DeltaTable(str(predictions(stores))).to_pyarrow_table(filters=[("partition", "=", run_id)])
    by: dict[int, set[int]] = {}
    for version, row in zip(rows["model_version"].to_pylist(), rows["id"].to_pylist(), strict=True):
        by.setdefault(version, set()).add(row)
    return by


def predictions(stores: Stores) -> Path:
    return stores.home / "tables/small/predictions"
