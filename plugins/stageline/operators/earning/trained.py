"""The newest trained model of a pipeline with its rows: what checks fit, ask and compare."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from stageline.exceptions import MissingStepError
from stageline.operators.earning.finding import NotRunError
from stageline.spec import Task

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from stageline.evaluation import Contest, Predictions
    from stageline.operators.run_context import RunContext
    from stageline.spec.models import PipelineSpec
    from stageline.training import TrainingRows

# What a spec can name; a training function of the user's own comes from elsewhere.
_LIBRARY = "sklearn."


@dataclass(frozen=True)
class Trained:
    """A training run.

    :param run: As a task of it would see it.
    """

    run: "RunContext"

    @classmethod
    def newest(cls, run: "RunContext", *, fits: bool = True) -> Self:
        """Return the newest training run that was evaluated.

        :param fits: Whether the check fits models: a training function of the user's own is not known here.
        :raises MissingStepError: There is none.
        :raises NotRunError: Its model came from another estimator than the spec's, or from such a function.
        """
        for record in run.ledger.records(run.name, step="evaluate", limit=20):
            if record.evidence.get("evidence"):
                found = replace(run, dag_id=record.dag_id, run_id=record.run_id, run_after=record.recorded_at)
                _refuse_other(found.evidence("train")["estimator"], run.spec.train.estimator, fits=fits)
                return cls(found)
        raise MissingStepError(f"pipeline {run.name!r} has no evaluated model on record; train one first")

    @property
    def spec(self) -> "PipelineSpec":
        """The pipeline's spec as it is now."""
        return self.run.spec

    @cached_property
    def features(self) -> Mapping[str, Any]:
        """What the step `features` recorded."""
        return self.run.evidence("features")

    @cached_property
    def snapshot(self) -> "pa.Table":
        """The snapshot, its digest checked.

        :raises NotRunError: It was made for a spec with another target or event time.
        """
        from stageline.operators.stored_rows import read_snapshot

        table, spec = read_snapshot(self.run, self.features), self.spec
        named = {"target.column": spec.target.column, "source.event_time": spec.source.event_time}
        for key, column in named.items():
            if column is not None and column not in table.column_names:
                raise NotRunError(f"{key} is {column!r}, which the newest model's rows lack; train again")
        return table

    def rows(self, part: str) -> "TrainingRows":
        """Return features and target of a part of the split."""
        return self.rows_of(self.part(part))

    def rows_of(self, table: "pa.Table") -> "TrainingRows":
        """Return features and target of some of the snapshot's rows."""
        from stageline.operators.stored_rows import rows_of

        return rows_of(self.run, table, self.features)

    def part(self, part: str) -> "pa.Table":
        """Return a part of the split."""
        from stageline.operators.stored_rows import part_of

        return part_of(self.snapshot, part)

    def stored(self, *names: str) -> dict[str, Any]:
        """Return stored models by name: `model`, `dummy`, `linear`."""
        from stageline.operators.stored_model import load_stored

        trained = self.run.evidence("train")
        known = {"model": trained["model"], **trained["baselines"]}
        return load_stored(self.run, {name: known[name] for name in names})

    def fit(self, rows: "TrainingRows", **params: Any) -> Any:
        """Fit the spec's estimator, with some of its parameters changed."""
        from stageline.training import fit_model

        changed = self.spec.train.model_copy(update={"params": {**self.spec.train.params, **params}})
        return fit_model(rows, self.spec.model_copy(update={"train": changed}))

    def ask(self, model: Any, features: "pd.DataFrame") -> "Predictions":
        """Ask a model."""
        from stageline.evaluation import predict

        return predict(model, features, classify=self.spec.target.task is Task.CLASSIFICATION)

    def contest(self, table: "pa.Table", truth: "np.ndarray", ours: "Predictions", other: "Predictions") -> "Contest":
        """Return two models' answers on the same rows, ready to be compared; `ours` is the candidate.

        :param table: The rows, for their times.
        """
        from stageline.evaluation import Contest, blocks_of

        return Contest.of(self.spec, truth, ours, other, blocks_of(len(truth), self._seconds(table)))

    def gain(self, contest: "Contest") -> float:
        """Return by how much the candidate's KPI is better, without an interval; NaN where it is not defined."""
        from stageline.spec.metrics import METRICS

        sign = 1 if METRICS[self.spec.kpi.metric].greater_is_better else -1
        return sign * (contest.value_of("candidate") - contest.value_of("champion"))

    def _seconds(self, table: "pa.Table") -> "np.ndarray | None":
        if self.spec.source.event_time is None:
            return None
        microseconds: np.ndarray = table[self.spec.source.event_time].cast("int64").to_numpy()
        return microseconds // 1_000_000


def _refuse_other(estimator: str, named: str, *, fits: bool) -> None:
    if estimator == named or (not fits and not estimator.startswith(_LIBRARY)):
        return
    why = "this check fits what the spec names; " if fits else ""
    raise NotRunError(
        f"the newest model was fitted by {estimator!r}, the spec names {named!r}: {why}train again, or attest the test"
    )
