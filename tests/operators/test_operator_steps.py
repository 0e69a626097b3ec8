import pytest

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ReportOperator,
    TrainOperator,
)
from stageline.verdicts import Verdict

STEPS = (DataQualityOperator, FeatureSnapshotOperator, TrainOperator, EvaluateOperator, ReportOperator)


def test_a_run(stores, context):
    for step in STEPS:
        op = step(task_id=step.step, pipeline="small")
        print(op.execute(context(step.step)))
