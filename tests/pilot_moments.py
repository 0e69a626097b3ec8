"""Stores of a pilot, as they were at some moments: to get there takes seconds, to go back none."""

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import TaskAwaitingInput
from operator_fixtures import Execute, make_stores
from pilot_project import PILOT, write_days
from small_project import Stores, write_spec

from stageline.operators import (
    ApproveReleaseOperator,
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ModelValidationOperator,
    ReleaseOperator,
    ScoreOperator,
    TrainOperator,
)

STEPS = (DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ModelValidationOperator)
RUN_2 = {"run_id": "run-2", "run_after": datetime(2026, 12, 1, tzinfo=UTC)}
_DATABASES = ("mlflow.db", "ledger.db")


def approve(execute: Execute, **given: Any) -> None:
    """Put the question, and answer it."""

    def operator() -> ApproveReleaseOperator:
        return ApproveReleaseOperator(task_id="approve", pipeline="small", approvers=["mo"])

    with pytest.MonkeyPatch.context() as without_airflow:
        without_airflow.setattr(hitl, "upsert_hitl_detail", lambda **_: None)
        with pytest.raises(TaskAwaitingInput):
            execute(operator(), **given)
    execute(operator(), event=answer(), **given)


def answer(option: str = "Approve", **changes: Any) -> dict[str, Any]:
    """Return what Airflow tells of a person's answer."""
    return {
        "chosen_options": [option], "params_input": {}, "responded_at": datetime(2026, 11, 21, tzinfo=UTC),
        "responded_by_user": {"id": "1", "name": "mo"}, **changes,
    }  # fmt: skip


def score(execute: Execute, run_id: str = "score-1", **parameters: Any) -> dict[str, Any]:
    """Score with the champion, as a task of the DAG `small.score`; the run is its own partition."""
    operator = ScoreOperator(task_id="score", pipeline="small", **parameters)
    return execute(operator, run_id=run_id, dag_id="small.score")


def take(execute: Execute, *steps: Any, **given: Any) -> None:
    """Take steps of one run."""
    for step in steps:
        execute(step, **given)


def _begin(stores: Stores, execute: Execute) -> None:
    write_spec(stores.project, **PILOT)
    write_days(stores.project, 30)


def _train_first(stores: Stores, execute: Execute) -> None:
    take(execute, *STEPS[:3])


def _judge_first(stores: Stores, execute: Execute) -> None:
    take(execute, *STEPS[3:])


def _approve_first(stores: Stores, execute: Execute) -> None:
    approve(execute)


def _release_first(stores: Stores, execute: Execute) -> None:
    execute(ReleaseOperator)


def _score_first(stores: Stores, execute: Execute) -> None:
    score(execute)


def _train_second(stores: Stores, execute: Execute) -> None:
    write_days(stores.project, 40)
    take(execute, *STEPS[:3], **RUN_2)


def _approve_second(stores: Stores, execute: Execute) -> None:
    take(execute, *STEPS[3:], **RUN_2)
    approve(execute, **RUN_2)


def leave_empty(stores: Stores, execute: Execute | None) -> None:
    """Leave the stores as they were made: a moment to go back to for who wants nothing done."""


Way = Callable[[Stores, Execute], None]
# Each moment is reached from the one before.
MOMENTS: dict[str, Way] = {
    "begun": _begin,
    "first trained": _train_first,
    "first judged": _judge_first,
    "first approved": _approve_first,
    "first released": _release_first,
    "first scored": _score_first,
    "second trained": _train_second,
    "second approved": _approve_second,
}


@dataclass(frozen=True)
class Shelf:
    """Stores at one place, and copies of how they were.

    :param copies: Folder of the copies, one a moment.
    :param ways: How each moment is reached from the one before.
    """

    stores: Stores
    copies: Path
    ways: Mapping[str, Way]

    @classmethod
    def make(cls, folder: Path, mlflow_database: Path, ways: Mapping[str, Way] | None = None) -> "Shelf":
        return cls(make_stores(folder, mlflow_database), folder / "copies", ways or MOMENTS)

    def go_to(self, moment: str, execute: Execute) -> None:
        """Make the stores what they were at a moment; the first time, by doing what leads there."""
        if not (copy := self.copies / moment).exists():
            before = [*self.ways][: [*self.ways].index(moment)]
            if before:
                self.go_to(before[-1], execute)
            self.ways[moment](self.stores, execute)
            shutil.copytree(self.stores.home, copy / "home")
            shutil.copytree(self.stores.project, copy / "project")
            return
        for kept, place in ((copy / "home", self.stores.home), (copy / "project", self.stores.project)):
            for old in place.iterdir():
                if old.name not in _DATABASES:
                    shutil.rmtree(old) if old.is_dir() else old.unlink()
            shutil.copytree(kept, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.db*"))
        for name in _DATABASES:
            _restore(copy / "home" / name, self.stores.home / name)


def _restore(kept: Path, place: Path) -> None:
    # By SQLite itself: MLflow holds connections to its database.
    if not kept.exists():
        place.unlink(missing_ok=True)
        return
    with closing(sqlite3.connect(kept)) as source, closing(sqlite3.connect(place)) as target:
        source.backup(target)
