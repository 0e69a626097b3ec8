"""The POC stage: find out whether there is value."""

from datetime import timedelta

from airflow.sdk import DAG, TaskGroup

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ReportOperator,
    TrainOperator,
)
from stageline.spec import PipelineSpec


def build_poc(spec: PipelineSpec) -> DAG:
    """Return the POC's one DAG: check, snapshot, train, evaluate, report; nothing blocks, everything is shown."""
    name = spec.pipeline
    with DAG(
        dag_id=name,
        description=spec.description or f"{name}: proof of concept",
        schedule=spec.schedule,
        catchup=False,
        max_active_runs=1,
        tags=["stageline", f"stage:{spec.stage.value}"],
        default_args={
            "owner": spec.owners.model or "stageline",
            "retries": 2,
            "retry_delay": timedelta(seconds=10),
        },
        doc_md=__doc__,
    ) as dag:
        with TaskGroup("quality"):
            expectations = DataQualityOperator(task_id="expectations", pipeline=name)
        with TaskGroup("features"):
            snapshot = FeatureSnapshotOperator(task_id="snapshot", pipeline=name)
        with TaskGroup("train"):
            model = TrainOperator(task_id="model", pipeline=name)
        with TaskGroup("evaluate"):
            holdout = EvaluateOperator(task_id="holdout", pipeline=name)
        report = ReportOperator(task_id="report", pipeline=name)
        expectations >> snapshot >> model >> holdout >> report
    return dag
