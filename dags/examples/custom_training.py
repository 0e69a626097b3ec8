"""An Airflow DAG with a training function of your own, and an operator of your own made from Stageline's."""

from typing import TYPE_CHECKING

from airflow.sdk import DAG

from stageline.operators import (
    DataQualityOperator,
    EvaluateOperator,
    FeatureSnapshotOperator,
    ReportOperator,
    TrainOperator,
)
from stageline.verdicts import Check, Report, Severity, Verdict

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from stageline.operators.run_context import RunContext
    from stageline.spec import PipelineSpec
    from stageline.training import TrainingRows

PIPELINE = "breast_cancer"


def scaled_support_vectors(rows: "TrainingRows", spec: "PipelineSpec") -> "Pipeline":
    """Fit support vectors on scaled features; any fitted scikit-learn estimator will do."""
    # Imported here: Airflow parses this file every half minute and must not pay for scikit-learn each time.
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    machine = CalibratedClassifierCV(LinearSVC(C=0.1, random_state=spec.train.seed))
    return make_pipeline(StandardScaler(), machine).fit(rows.features, rows.target)


class BalancedQualityOperator(DataQualityOperator):
    """Add one check of our own to the expectations: no class may be rarer than `min_share`."""

    min_share = 0.2

    def check(self, run: "RunContext") -> Report:
        """Check the expectations, then the classes."""
        report = super().check(run)
        counts = run.source.table[run.spec.target.column].value_counts().to_pylist()
        rarest = min(counts, key=lambda pair: pair["counts"])
        share, rows = rarest["counts"] / run.source.table.num_rows, run.source.table.num_rows
        own = Check(
            code="SL-X001",
            name="rarest_class",
            verdict=Verdict.PASSED if share >= self.min_share else Verdict.FAILED,
            severity=Severity.WARNING,
            message=f"share of {rarest['values']!r} = {share:.2f}, min = {self.min_share} (n = {rows:,})",
            value=share,
            limit=self.min_share,
            n=rows,
        )
        return Report(step=report.step, checks=(*report.checks, own), evidence=report.evidence)


with DAG(dag_id="custom_training", schedule=None, tags=["stageline", "example"], doc_md=__doc__):
    quality = BalancedQualityOperator(task_id="quality", pipeline=PIPELINE)
    features = FeatureSnapshotOperator(task_id="features", pipeline=PIPELINE)
    train = TrainOperator(task_id="train", pipeline=PIPELINE, training_function=scaled_support_vectors)
    evaluate = EvaluateOperator(task_id="evaluate", pipeline=PIPELINE)
    report = ReportOperator(task_id="report", pipeline=PIPELINE)

    quality >> features >> train >> evaluate >> report
