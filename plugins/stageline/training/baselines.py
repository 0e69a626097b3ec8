"""The two models that any model worth its cost must beat: a constant and a straight line."""

from typing import TYPE_CHECKING

from stageline.spec.models import PipelineSpec, Task
from stageline.training.estimators import impute_and_encode

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

    from stageline.training.fit import TrainingRows

BASELINES = {"dummy": "dummy baseline", "linear": "linear baseline"}
_CALENDAR_CYCLES = ("event_hour", "event_weekday", "event_month")
_MEDIAN_METRICS = ("mean_absolute_error", "median_absolute_error", "mean_absolute_percentage_error")


def fit_baselines(rows: "TrainingRows", spec: PipelineSpec) -> dict[str, "Pipeline"]:
    """Fit both baselines on the rows the model is fitted on.

    The constant is the best one for the KPI: the median where it counts absolute errors, otherwise the
    mean; for classes, their shares. The line sees hour, weekday and month as categories, so that it is
    not beaten merely for taking December to be twelve times January.

    :returns: Fitted pipelines by name: `dummy`, `linear`.
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import Pipeline

    if spec.target.task is Task.REGRESSION:
        dummy = DummyRegressor(strategy="median" if spec.kpi.metric in _MEDIAN_METRICS else "mean")
        linear = Ridge(random_state=spec.train.seed)
    else:
        dummy = DummyClassifier(strategy="prior")
        linear = LogisticRegression(max_iter=1_000, random_state=spec.train.seed)
    cycles = [name for name in rows.numeric if name in _CALENDAR_CYCLES]
    numbers = [name for name in rows.numeric if name not in cycles]
    columns = impute_and_encode(numbers, [*cycles, *rows.categorical])
    models = {
        "dummy": Pipeline([("model", dummy)]),
        "linear": Pipeline([("columns", columns), ("model", linear)]),
    }
    return {name: model.fit(rows.features, rows.target) for name, model in models.items()}
