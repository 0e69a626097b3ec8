"""A released pilot whose monitoring runs as its DAG does: every step, whatever the ones before came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
from airflow.sdk import BaseNotifier
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors
from operator_fixtures import Execute
from pilot_project import DAY, PILOT
from small_project import Stores, write_spec

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    GateFailed,
    ModelValidationOperator,
    ReferenceProfileOperator,
    ReleaseOperator,
    ScoreOperator,
    TrainOperator,
)
from stageline.spec import load_pipeline
from stageline.templates.pilot import build_monitor

TRAINED = (
    DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReferenceProfileOperator,
    ModelValidationOperator,
)  # fmt: skip
STEPS = ("drift", "performance", "objectives", "cause", "monitor_report", "retrain", "alert")
OWNERS = "{business: dana, model: mo, data: di, operations: op}"
TARGET = "{column: y, task: regression, label_delay: P2D}"
# Of the last window whose labels are due: rows of 11 to 18 March.
UNTIL = "2026-03-20"
INSIDE = ("2026-03-11", "2026-03-18")
DAYS = 80


def declare(
    stores: Stores, *, labels: str = "{}", performance: str = "{min_n: 30, max_loss: 0.5}", **changes: str
) -> None:
    """Write the spec of a pilot with owners for everything, which trains anew when it may."""
    monitor = (
        f"{{window: P7D, drift: {{fail_above: 0.1}}, labels: {labels}, performance: {performance}, "
        "retrain: {cooldown: PT1S}}"
    )
    write_spec(stores.project, **{**PILOT, "owners": OWNERS, "target": TARGET, "monitor": monitor, **changes})


def release(execute: Execute, run_id: str, month: int, **params: Any) -> None:
    """Train and release what there is by the first of a month."""
    at = datetime(2026, month, 1, tzinfo=UTC)
    for kind in TRAINED:
        execute(kind, run_id=run_id, run_after=at, params=params)
    execute(ReleaseOperator(task_id="release", pipeline="small", needs_approval=False), run_id=run_id, run_after=at)


def score(execute: Execute, run_id: str) -> None:
    """Score what there is."""
    execute(ScoreOperator, run_id=run_id, dag_id="small.score")


def write_rows(stores: Stores, days: int, *, without_blue: bool = False) -> None:
    """Write eight rows a day, of which those that are blue are worth sixty more."""
    lines = ["id,at,x,colour,y"]
    for row in range(days * 8):
        x, colour = row * 37 % 101, ("red", "green", "blue")[row % 3]
        if without_blue and colour == "blue":
            continue
        at = DAY + timedelta(hours=3 * row)
        lines.append(f"{row},{at:%Y-%m-%dT%H:%M:%S},{x},{colour},{3 * x + row * 7 % 11 + 60 * (colour == 'blue')}")
    (stores.project / "data/small.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _scored(stores: Stores, execute: Execute) -> None:
    declare(stores)
    write_rows(stores, 60)
    release(execute, "a", 3)
    write_rows(stores, DAYS)
    score(execute, "s")


def _second(stores: Stores, execute: Execute) -> None:
    # Its data had lost the blue rows, which are there when it scores.
    write_rows(stores, 72, without_blue=True)
    release(execute, "b", 4)
    write_rows(stores, 82)
    score(execute, "s2")


WAYS = {"scored": _scored, "second released": _second}


class Told(BaseNotifier):
    """Keep what is told."""

    def __init__(self, alerts: list[Any]) -> None:
        super().__init__()
        self.alerts = alerts

    def notify(self, context: Any) -> None:
        self.alerts.append(context["alert"])


@dataclass(frozen=True)
class Watched:
    """What one run of the monitoring came to.

    :param ended: How each task ended, as Airflow would say: `success`, `failed` or `skipped`.
    :param raised: What each task raised.
    :param alerts: What was told to whom.
    :param asked: What the event of a training that was asked for says; empty for none.
    """

    stores: Stores
    run_id: str
    ended: Mapping[str, str]
    raised: Mapping[str, str]
    alerts: list[Any] = field(default_factory=list)
    asked: Mapping[str, Any] = field(default_factory=dict)

    def record(self, step: str) -> Any:
        """Return what a step left."""
        return [each for each in self.stores.records(step) if each.run_id == self.run_id][-1]

    def evidence(self, step: str) -> Mapping[str, Any]:
        return self.record(step).evidence["evidence"]

    def checks(self, step: str) -> dict[str, dict[str, Any]]:
        """Return a step's checks by code; of several the first, which is the worst."""
        found: dict[str, dict[str, Any]] = {}
        for each in self.record(step).evidence["checks"]:
            found.setdefault(each["code"], each)
        return found

    def named(self, step: str) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.record(step).evidence["checks"]}

    @property
    def incidents(self) -> dict[str, Mapping[str, Any]]:
        """The incidents that are open or have just been closed, by topic."""
        return {each["topic"]: each for each in self.evidence("alert")["incidents"]}

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each step that left a record."""
        return {
            each.step: str(each.verdict)
            for each in self.stores.records()
            if each.run_id == self.run_id and each.kind == "step"
        }

    def page(self, folder: Path) -> str:
        """Return the run's page."""
        evidence = self.evidence("monitor_report")
        version = str(evidence["model"]["version"])
        (run,) = [
            each for each in self.stores.mlflow_runs() if each.data.tags.get("stageline.monitored_version") == version
        ]
        path = self.stores.mlflow().download_artifacts(run.info.run_id, evidence["page"], str(folder))
        return Path(path).read_text("utf-8")


def monitor(
    stores: Stores,
    run_id: str = "m",
    *,
    until: str = UNTIL,
    partition: str = "",
    try_number: int = 1,
    roll_back: bool | None = None,
    crash: Any = (),
) -> Watched:
    """Run the DAG `small.monitor`: each task in its order, also after ones that failed.

    What is neither a verdict nor a skip is no end of a step, and comes through.

    :param until: End of the newest window; empty: what the run stands for.
    :param partition: Of the scoring whose asset event started the run.
    :param crash: What else may end a task, as it would in Airflow.
    """
    dag = build_monitor(load_pipeline("small", stores.project / "config/pipelines").spec)
    dag.fileloc = str(stores.project / "dags" / "by_hand.py")
    alerts: list[Any] = []
    ended: dict[str, str] = {}
    raised: dict[str, str] = {}
    events = OutletEventAccessors()
    asked: dict[str, Any] = {}
    for task in dag.topological_sort():
        if "until" in task.template_fields:
            task.until = until
        if task.step == "cause":
            task.roll_back = roll_back
        if task.step == "alert":
            task.notifiers = [Told(alerts)]
        instance = SimpleNamespace(
            id="7", dag_id=dag.dag_id, run_id=run_id, task_id=task.task_id, map_index=-1, try_number=try_number,
            get_task_states=lambda **_: {run_id: dict(ended)},
        )  # fmt: skip
        run = SimpleNamespace(run_after=datetime.now(UTC), run_type="manual")
        context: Any = {
            "ti": instance, "task_instance": instance, "dag_run": run, "dag": dag, "params": {},
            "outlet_events": events,
        }  # fmt: skip
        if partition:
            extra = {"pipeline": "small", "partition": partition}
            context["triggering_asset_events"] = {"predictions": [SimpleNamespace(extra=extra)]}
        try:
            task.execute(context)
            ended[task.task_id] = "success"
        except AirflowSkipException as skipped:
            ended[task.task_id], raised[task.step] = "skipped", str(skipped)
        except GateFailed as failed:
            ended[task.task_id], raised[task.step] = "failed", str(failed)
        except crash as crashed:
            ended[task.task_id], raised[task.step] = "failed", f"{type(crashed).__name__}: {crashed}"
        if task.step == "retrain":
            asked = dict(events[task.outlets[0]].extra) if task.outlets else {}
    return Watched(stores, run_id, ended, raised, alerts, asked)
