"""The POC's DAG put together by hand from Stageline's operators: start here to arrange your own Airflow DAG."""

from airflow.sdk import DAG

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ReportOperator,
    TrainOperator,
)

# What to check, train and judge still comes from config/pipelines/hourly_demand.yaml.
PIPELINE = "hourly_demand"

with DAG(dag_id="hourly_demand_by_hand", schedule=None, tags=["stageline", "example"], doc_md=__doc__):
    quality = DataQualityOperator(task_id="quality", pipeline=PIPELINE)
    features = FeatureSnapshotOperator(task_id="features", pipeline=PIPELINE)
    train = TrainOperator(task_id="train", pipeline=PIPELINE)
    evaluate = EvaluateOperator(task_id="evaluate", pipeline=PIPELINE)
    report = ReportOperator(task_id="report", pipeline=PIPELINE)

    quality >> features >> train >> evaluate >> report
