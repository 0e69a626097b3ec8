"""A staged rollout in a DAG of your own: from the data to a canary that is promoted, or undone with a reason."""

from airflow.sdk import DAG, Param, chain

from stageline.operators import (
    ApproveReleaseOperator,
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ModelValidationOperator,
    RolloutOperator,
    TrainOperator,
)

PIPELINE = "hourly_demand_production"

with DAG(
    dag_id="rollout_by_hand",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    params={"first_release": Param(False, type="boolean", description="Release without comparing with the champion.")},
    tags=["stageline", "example"],
    doc_md=__doc__,
):
    chain(
        DataQualityOperator(task_id="quality", pipeline=PIPELINE),
        FeatureSnapshotOperator(task_id="features", pipeline=PIPELINE),
        TrainOperator(task_id="train", pipeline=PIPELINE),
        EvaluateOperator(task_id="evaluate", pipeline=PIPELINE),
        ModelValidationOperator(task_id="validate", pipeline=PIPELINE),
        ApproveReleaseOperator(task_id="approve", pipeline=PIPELINE, approvers=["model@example.com"]),
        # It waits between two looks without a worker, and goes on where it is after a retry.
        RolloutOperator(task_id="rollout", pipeline=PIPELINE),
    )
