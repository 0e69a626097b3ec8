"""Airflow operators, one step of a pipeline each."""

from stageline.operators.alert import AlertOperator
from stageline.operators.approve import ApproveReleaseOperator
from stageline.operators.cause import ReleaseCauseOperator
from stageline.operators.cost_report import CostReportOperator
from stageline.operators.drift import DriftCheckOperator
from stageline.operators.drill import RollbackDrillOperator
from stageline.operators.evaluate import EvaluateOperator
from stageline.operators.failure import GateFailed
from stageline.operators.features import FeatureSnapshotOperator
from stageline.operators.gate import GateOperator
from stageline.operators.monitor_report import MonitorReportOperator
from stageline.operators.objectives import ObjectivesOperator
from stageline.operators.performance import PerformanceCheckOperator
from stageline.operators.quality import DataQualityOperator
from stageline.operators.readiness import ReadinessOperator
from stageline.operators.reference_profile import ReferenceProfileOperator
from stageline.operators.release import ReleaseOperator
from stageline.operators.report import ReportOperator
from stageline.operators.retrain import RetrainOperator
from stageline.operators.rollback import RollbackOperator
from stageline.operators.rollout import RolloutOperator
from stageline.operators.score import ScoreOperator
from stageline.operators.train import TrainOperator
from stageline.operators.validate import ModelValidationOperator

__all__ = [
    "AlertOperator",
    "ApproveReleaseOperator",
    "CostReportOperator",
    "DataQualityOperator",
    "DriftCheckOperator",
    "EvaluateOperator",
    "FeatureSnapshotOperator",
    "GateFailed",
    "GateOperator",
    "ModelValidationOperator",
    "MonitorReportOperator",
    "ObjectivesOperator",
    "PerformanceCheckOperator",
    "ReadinessOperator",
    "ReferenceProfileOperator",
    "ReleaseCauseOperator",
    "ReleaseOperator",
    "ReportOperator",
    "RetrainOperator",
    "RollbackDrillOperator",
    "RollbackOperator",
    "RolloutOperator",
    "ScoreOperator",
    "TrainOperator",
]
