"""The step `train`: the model and its baselines, fitted on the snapshot and kept in MLflow."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.operators.mlflow_run import open_run
from stageline.operators.quiet import quiet_search
from stageline.operators.user_code import code_name, code_of
from stageline.verdicts import Check, Report, Verdict

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext
    from stageline.training import RecordedExample, TrainingFunction, TrainingRows

_EXAMPLE = "validation/example.json"


class TrainOperator(GateOperator):
    """Fit the spec's estimator, or a function of your own, beside a dummy and a linear baseline.

    :param pipeline: Name of the pipeline.
    :param training_function: Takes `TrainingRows` and the `PipelineSpec`, returns a fitted scikit-learn
        estimator; replaces the spec's estimator.
    """

    step = "train"

    def __init__(self, *, training_function: "TrainingFunction | None" = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.training_function = training_function

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the snapshot, and the code of a function of the user's own."""
        function = self.training_function
        return {
            "snapshot": run.evidence("features")["snapshot"]["digest"],
            "function": (code_name(function), code_of(function)) if function else "",
        }

    def check(self, run: "RunContext") -> Report:
        """Fit, try on the training rows, and log."""
        from stageline.evaluation import predict
        from stageline.operators.stored_rows import part_of, read_snapshot, rows_of
        from stageline.spec import Task
        from stageline.training import RecordedExample, fit_baselines, fit_model

        features = run.evidence("features")
        rows = rows_of(run, part_of(read_snapshot(run, features), "train"), features)
        model = fit_model(rows, run.spec, self.training_function)
        classify = run.spec.target.task is Task.CLASSIFICATION
        predictions = predict(model, rows.features, classify=classify)
        example = RecordedExample.take(model, rows, classify=classify)
        evidence = self._log(run, model, fit_baselines(rows, run.spec), rows, predictions.values, example=example)
        run.meter.count(rows=len(rows.features), bytes_written=evidence["model"]["size_bytes"])
        name = evidence["estimator"].rpartition(".")[2]
        shape = f"{len(rows.features):,} rows x {rows.features.shape[1]} features"
        return Report(
            step=self.step,
            checks=(
                Check(
                    code="SL-T001", name="predictions_usable", verdict=Verdict.PASSED, n=len(rows.features),
                    message=f"{name} fitted on {shape}; every prediction on them is finite",
                ),
                Check(
                    code="SL-T002", name="model_recorded", verdict=Verdict.PASSED,
                    value=evidence["model"]["size_bytes"],
                    message=f"model of {evidence['model']['size_bytes']:,} bytes recorded as "
                    f"{evidence['model']['digest'][:19]}…",
                ),
            ),
            evidence=evidence,
            sentence=f"{name} fitted on {shape}, beside a dummy and a linear baseline",
        )  # fmt: skip

    def _log(
        self,
        run: "RunContext",
        model: Any,
        baselines: Mapping[str, Any],
        rows: "TrainingRows",
        predicted: Any,
        *,
        example: "RecordedExample",
    ) -> dict[str, Any]:
        from stageline import tracking
        from stageline.training import TRUSTED_TYPES, library_versions, save_model
        from stageline.training.model_file import digest_file
        from stageline.training.recorded_example import digest_text

        features = run.evidence("features")
        snapshot = features["snapshot"]
        own = self.training_function
        # A function of the user's own does not get the spec's estimator, so its parameters are not the run's.
        estimator, params = (code_name(own), {}) if own else (run.spec.train.estimator, run.spec.train.params)
        trusted = (*TRUSTED_TYPES, *run.settings.trusted_types)
        parameters = {
            "estimator": estimator,
            "snapshot_version": snapshot["version"],
            "seed": run.spec.train.seed,
            "holdout": run.spec.train.holdout,
            **{f"params.{name}": value for name, value in params.items()},
        }
        mlflow_run = open_run(run, parameters)
        with tempfile.TemporaryDirectory() as scratch, run.tracking.resume(mlflow_run) as client, quiet_search():
            folder = Path(scratch)
            # Written once here first: a type nobody trusts is refused before MLflow holds anything of it.
            save_model(model, folder / "model.skops", trusted_types=run.settings.trusted_types)
            files = {name: folder / f"{name}.skops" for name in baselines}
            digests = {name: save_model(baselines[name], path) for name, path in files.items()}
            tracking.log_parameters(parameters)
            tracking.log_dataset(
                rows.features.assign(**{run.spec.target.column: rows.target}),
                name=f"{run.spec.pipeline} v{snapshot['version']}", source=snapshot["table"],
                target=run.spec.target.column, digest=snapshot["digest"], context="training",
            )  # fmt: skip
            card = tracking.log_model(client, mlflow_run, model, rows.features, predicted, types=trusted)
            uris = tracking.log_baselines(files)
            recorded = example.as_text()
            tracking.log_texts({_EXAMPLE: recorded})
            stored = tracking.fetch_file(card.uri, folder / "stored")
            return {
                "mlflow_run": mlflow_run,
                "estimator": estimator,
                "model": {"id": card.model_id, "uri": card.uri, "digest": digest_file(stored),
                          "size_bytes": stored.stat().st_size},
                "baselines": {name: {"uri": uris[name], "digest": digests[name]} for name in files},
                "example": {"uri": f"runs:/{mlflow_run}/{_EXAMPLE}", "digest": digest_text(recorded),
                            "rows": len(example.rows)},
                "libraries": library_versions(),
            }  # fmt: skip
