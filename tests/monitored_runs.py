"""What the steps of a monitoring run leave in the ledger, appended as they would."""

from datetime import UTC, datetime
from types import SimpleNamespace

import own_airflow  # noqa: F401 - sets Airflow's home before anything imports it
from airflow.sdk import DAG

from stageline.ledger import Entry, ModelVersion
from stageline.verdicts import Check, Mode, Report, Verdict

DIGEST = "sha256:1"


def check(code, verdict="failed", message="", **given):
    """Return a check; its name is its code unless one is given."""
    return Check(code=code, name=given.pop("name", code), verdict=Verdict(verdict), message=message or code, **given)


def moved(column="x", verdict="failed", value=0.3, **given):
    """Return a column's distance."""
    return check(
        "SL-M001", verdict, f"psi({column}) = {value}, limit 0.1", name=f"psi({column})", value=value, limit=0.1,
        details={"column": column, "kind": "distribution"}, **given,
    )  # fmt: skip


TRAFFIC = check("SL-M008", "passed", "90 rows", name="traffic")
LOSS = check("SL-M014", "failed", "17 % worse than at release", name="loss", value=0.17, limit=0.1)


def entry(step, *, run_id, **given):
    """Return an entry of the pipeline `small`."""
    told = {"kind": "step", "verdict": Verdict.PASSED, "sentence": step, "dag_id": "small.monitor", **given}
    return Entry(
        pipeline="small", step=step, stage="pilot", mode=Mode.ENABLED, run_id=run_id, task_id=step,
        idempotency_key=told.pop("key", f"{step}/{run_id}"), spec_digest="", package_version="", **told,
    )  # fmt: skip


def release(stores, *, version=1, digest=DIGEST):
    """Promote a model that only the ledger knows."""
    with stores.ledger() as ledger:
        model = ModelVersion(
            version=version, uri="file:///m", digest=digest, mlflow_run="r", snapshot=0, dag_run="small.train/t"
        )
        released = entry("release", run_id=f"t{version}", dag_id="small.train")
        ledger.promote(released, model, expected=ledger.head("small").generation)


def leave(stores, step, *checks, run_id="m1", end="2026-03-08", again="", digest=DIGEST, **evidence):
    """Let a step leave its report of a week."""
    report = Report(
        step=step, checks=checks,
        evidence={
            "window": {"start": "2026-03-01T00:00:00+00:00", "end": f"{end}T00:00:00+00:00"},
            "model": {"version": 1, "digest": digest}, **evidence,
        },
    )  # fmt: skip
    with stores.ledger() as ledger:
        return ledger.append(
            entry(
                step, run_id=run_id, verdict=report.verdict, sentence=report.sentence, evidence=report.as_json(),
                key=f"{step}/{run_id}/{again}",
            )
        )  # fmt: skip


def refuse(stores, step, sentence, *, run_id="m1"):
    """Let a step refuse its input."""
    report = Report(step=step, checks=(check("SL-S001", "errored", sentence, name=step),))
    with stores.ledger() as ledger:
        return ledger.append(
            entry(
                step, run_id=run_id, verdict=report.verdict, sentence=report.sentence, evidence=report.as_json(),
                key=f"{step}/{run_id}/refused",
            )
        )  # fmt: skip


def run_step(stores, operator, *, run_id="m1", try_number=1, states=None, **context):
    """Execute a step as a task of `small.monitor`, with a DAG whose templates are Airflow's own."""
    dag = DAG("small.monitor", schedule=None)
    dag.fileloc = str(stores.project / "dags" / "by_hand.py")
    task = SimpleNamespace(
        id="7", dag_id="small.monitor", run_id=run_id, task_id=operator.task_id, map_index=-1, try_number=try_number
    )
    if states is not None:
        task.get_task_states = states
    dag_run = SimpleNamespace(run_after=datetime(2026, 11, 20, tzinfo=UTC), run_type="manual")
    return operator.execute(
        {"ti": task, "task_instance": task, "dag_run": dag_run, "dag": dag, "params": {}, **context}
    )
