"""Airflow operators, one step of a pipeline each."""

from stageline.operators.evaluate import EvaluateOperator
from stageline.operators.failure import GateFailed
from stageline.operators.features import FeatureSnapshotOperator
from stageline.operators.gate import GateOperator
from stageline.operators.quality import DataQualityOperator
from stageline.operators.report import ReportOperator
from stageline.operators.train import TrainOperator

__all__ = [
    "DataQualityOperator",
    "EvaluateOperator",
    "FeatureSnapshotOperator",
    "GateFailed",
    "GateOperator",
    "ReportOperator",
    "TrainOperator",
]
