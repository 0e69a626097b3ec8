"""The holdout of a run with everyone's predictions on it, and what is kept of them as evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from stageline.exceptions import DataError
from stageline.operators.stored_model import load_stored
from stageline.spec import Task

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from stageline.evaluation import Evaluation, Predictions
    from stageline.operators.run_context import RunContext
    from stageline.training import TrainingRows

_MOST_POINTS = 300
# The calendar periods a timeline may be averaged over: any other length would beat against the daily cycle.
_PERIODS = {"hour": 3_600, "day": 86_400, "week": 7 * 86_400, "30 days": 30 * 86_400}
_SCATTERED_POINTS = 500
_SHOWN_FEATURES = 7
_RELIABILITY_BINS = 10
_SECONDS_PER_MONTH = 730 * 3_600


@dataclass(frozen=True)
class Holdout:
    """Rows that training never saw.

    :param table: Their part of the snapshot.
    :param rows: Their features and true targets.
    :param model: The stored model, loaded back.
    :param predictions: Everyone's predictions, by name; `model` is the one that is judged.
    """

    run: "RunContext"
    table: "pa.Table"
    rows: "TrainingRows"
    model: Any
    predictions: Mapping[str, "Predictions"]

    @classmethod
    def load(cls, run: "RunContext") -> "Holdout":
        """Read the holdout and let the stored models predict it.

        :raises ArtifactError: A stored model is not the one recorded.
        """
        from stageline.evaluation import predict
        from stageline.operators.stored_rows import part_of, read_snapshot, rows_of

        features = run.evidence("features")
        table = part_of(read_snapshot(run, features), "holdout")
        rows = rows_of(run, table, features)
        trained = run.evidence("train")
        models = load_stored(run, {"model": trained["model"], **trained["baselines"]})
        classify = run.spec.target.task is Task.CLASSIFICATION
        predictions = {name: predict(model, rows.features, classify=classify) for name, model in models.items()}
        run.meter.count(rows=table.num_rows, predictions=table.num_rows * len(models))
        return cls(run, table, rows, models["model"], predictions)

    def evaluate(self) -> "Evaluation":
        """Estimate all metrics."""
        from stageline.evaluation import blocks_of, evaluate_models

        blocks = blocks_of(self.table.num_rows, self.seconds)
        return evaluate_models(self.rows.target, self.predictions, blocks, self.run.spec)

    def evidence(self, evaluation: "Evaluation") -> dict[str, Any]:
        """Return all that the report and later steps need, as JSON values."""
        from stageline.evaluation import permutation_importance

        spec = self.run.spec
        importance = permutation_importance(
            self.model, self.rows.features, self.rows.target, spec, positive=self._positive
        )
        return {
            "snapshot_digest": self.run.evidence("features")["snapshot"]["digest"],
            "model_digest": self.run.evidence("train")["model"]["digest"],
            "n": evaluation.n,
            "resampled": evaluation.resampled,
            "metrics": [asdict(metric) for metric in evaluation.metrics],
            "improvements": [asdict(improvement) for improvement in evaluation.improvements],
            "value": self._value(evaluation),
            "importance": [{"feature": name, **asdict(estimate)} for name, estimate in importance.items()],
            **self._failures(list(importance)),
            **self._pictures(),
            "latency": self._latency(),
            "rows_per_month": self._rows_per_month,
        }

    @cached_property
    def _positive(self) -> Any:
        from stageline.evaluation.evaluate import positive_class

        return positive_class(self.run.spec, self.predictions["model"].classes)

    @cached_property
    def seconds(self) -> "np.ndarray | None":
        """Event time of each row in seconds since 1970-01-01, shape (n,); none without an event time."""
        event_time = self.run.spec.source.event_time
        if event_time is None:
            return None
        microseconds: np.ndarray = self.table[event_time].cast("int64").to_numpy()
        return microseconds // 1_000_000

    @cached_property
    def _rows_per_month(self) -> float | None:
        if self.seconds is None:
            return None
        rows: int = self.table.num_rows
        span = float(self.seconds.max() - self.seconds.min())
        return rows / span * _SECONDS_PER_MONTH if span > 0 else None

    def _value(self, evaluation: "Evaluation") -> dict[str, Any] | None:
        per_unit = self.run.spec.kpi.value_per_unit
        if per_unit is None:
            return None
        over_dummy = next(each for each in evaluation.improvements if each.over == "dummy").estimate
        amounts = {
            end: None if number is None else number * per_unit * 1_000 for end, number in asdict(over_dummy).items()
        }
        return {**amounts, "currency": self.run.spec.kpi.currency, "per_unit": per_unit}

    def _latency(self) -> dict[str, float]:
        from stageline.costs import measure_latency

        measured = measure_latency(self.model, self.rows.features)
        return {
            "single_ms": measured.single_ms,
            "batch_ms": measured.batch_ms,
            "batch_rows": measured.batch_rows,
        }

    def _failures(self, telling: Sequence[str]) -> dict[str, Any]:
        from stageline.diagnosis import costliest_groups, costliest_rows, row_costs

        own, spec = self.predictions["model"], self.run.spec
        costs = row_costs(
            self.rows.target, own.values,
            probability_of_truth=_of_truth(self.rows.target, own),
            value_per_unit=spec.kpi.value_per_unit if spec.target.task is Task.REGRESSION else None,
        )  # fmt: skip
        return {
            "failures": [
                {**self._row(position, telling[:_SHOWN_FEATURES]), "cost": float(costs[position])}
                for position in costliest_rows(costs)
            ],
            "failures_by": [asdict(group) for group in costliest_groups(self.rows.features, costs)],
        }

    def _row(self, position: int, shown: Sequence[str]) -> dict[str, Any]:
        spec, names = self.run.spec, self.table.column_names
        row = {name: self.table[name][position].as_py() for name in names}
        keys = spec.source.keys or ()
        time = row.get(spec.source.event_time) if spec.source.event_time else None
        predicted = self.predictions["model"].values[position]
        return {
            "key": ", ".join(f"{key} = {row[key]}" for key in keys) or f"holdout row {position + 1:,}",
            "time": time.isoformat() if time is not None else None,
            "actual": str(row[spec.target.column]),
            "predicted": f"{predicted:.4g}" if isinstance(predicted, float) else str(predicted),
            "features": {name: _shown(row[name]) for name in shown},
        }

    def _pictures(self) -> dict[str, Any]:
        own = self.predictions["model"]
        if self.run.spec.target.task is Task.CLASSIFICATION:
            return {"confusion": _confusion(self.rows.target, own), "reliability": self._reliability()}
        if self.seconds is not None:
            return {"timeline": self._timeline(self.seconds)}
        step = max(1, len(self.rows.target) // _SCATTERED_POINTS)
        pairs = zip(self.rows.target[::step], own.values[::step], strict=True)
        return {"scatter": [[float(actual), float(predicted)] for actual, predicted in pairs]}

    def _timeline(self, seconds: "np.ndarray") -> list[dict[str, Any]]:
        import numpy as np

        period = next(
            (length for length in _PERIODS.values() if len(np.unique(seconds // length)) <= _MOST_POINTS),
            _PERIODS["30 days"],
        )
        begins, ids = np.unique(seconds // period * period, return_inverse=True)
        own, line = (self.predictions[who].values for who in ("model", "linear"))
        return [
            {
                "time": datetime.fromtimestamp(int(begin), UTC).replace(tzinfo=None).isoformat(),
                "actual": float(self.rows.target[ids == i].mean()),
                "predicted": float(own[ids == i].mean()),
                "baseline": float(line[ids == i].mean()),
            }
            for i, begin in enumerate(begins)
        ]

    def _reliability(self) -> list[list[float]]:
        import numpy as np

        own = self.predictions["model"]
        if own.probabilities is None or len(own.classes) != 2:  # noqa: PLR2004 - that is what binary means
            return []
        probability = own.of_class(self._positive)
        happened = self.rows.target == self._positive
        bins = np.minimum((probability * _RELIABILITY_BINS).astype(int), _RELIABILITY_BINS - 1)
        return [
            [float(probability[bins == i].mean()), float(happened[bins == i].mean()), int((bins == i).sum())]
            for i in range(_RELIABILITY_BINS)
            if (bins == i).any()
        ]


def _of_truth(truth: "np.ndarray", predictions: "Predictions") -> "np.ndarray | None":
    import numpy as np

    if predictions.probabilities is None:
        return None
    columns = {label: column for column, label in enumerate(predictions.classes)}
    unseen = {label for label in truth.tolist() if label not in columns}
    if unseen:
        raise DataError(f"the holdout holds class {min(map(str, unseen))!r}, which training never saw")
    return predictions.probabilities[np.arange(len(truth)), [columns[label] for label in truth.tolist()]]


def _confusion(truth: "np.ndarray", predictions: "Predictions") -> dict[str, Any]:
    from sklearn.metrics import confusion_matrix

    labels = [str(label) for label in predictions.classes]
    guesses = [str(guess) for guess in predictions.values]
    counts = confusion_matrix([str(label) for label in truth], guesses, labels=labels)
    return {"labels": labels, "counts": counts.tolist()}


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
