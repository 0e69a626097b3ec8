"""The step `evaluate`: the stored model and its baselines on the rows that training never saw."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.verdicts import Report

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext

_COMPARED_RECORDS = 100


class EvaluateOperator(GateOperator):
    """Judge the model on the holdout: KPI against its goal, the baselines and, with `gates`, the champion.

    The models are loaded back from MLflow, so what is judged is what was stored. Where nothing was released
    yet, or the run's parameter `first_release` is true, there is no champion to compare with.

    :param pipeline: Name of the pipeline.
    """

    step = "evaluate"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the snapshot, the stored model, and the head it is compared with."""
        from stageline.operators.champion_gate import ChampionGate

        return {
            **ChampionGate.of(run).inputs,
            "snapshot": run.evidence("features")["snapshot"]["digest"],
            "model": run.evidence("train")["model"]["digest"],
        }

    def check(self, run: "RunContext") -> Report:
        """Evaluate and judge."""
        from stageline.evaluation import gate_sentence, judge_evaluation, value_sentence
        from stageline.operators.champion_gate import ChampionGate
        from stageline.operators.holdout import Holdout
        from stageline.training import BASELINES

        gate = ChampionGate.of(run)
        holdout = Holdout.load(run)
        evaluation = holdout.evaluate()
        checks = judge_evaluation(evaluation, run.spec.kpi, BASELINES)
        against, gated = gate.judge(holdout)
        evidence = holdout.evidence(evaluation)
        return Report(
            step=self.step,
            checks=(*checks, *against),
            evidence={**evidence, "same_as": _same_as(run, evidence), "gate": gated},
            sentence=gate_sentence(value_sentence(checks), against),
        )

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log every metric with its interval."""
        from stageline.tracking import log_values

        values: dict[str, float] = {}
        for metric in report.evidence["metrics"]:
            for who, estimate in metric["estimates"].items():
                name = metric["name"] if who == "model" else f"{who}_{metric['name']}"
                bounds = {"": estimate["value"], "_low": estimate["low"], "_high": estimate["high"]}
                values |= {f"{name}{end}": bound for end, bound in bounds.items() if bound is not None}
        values["latency_ms_single"] = report.evidence["latency"]["single_ms"]
        with run.tracking.resume(mlflow_run):
            log_values(values, run.dag_run)


def _same_as(run: "RunContext", evidence: Mapping[str, Any]) -> str | None:
    """Return the earliest of the last runs that reached the same metrics on the same snapshot, or none."""
    for record in reversed(run.ledger.records(run.spec.pipeline, step="evaluate", limit=_COMPARED_RECORDS)):
        earlier = record.evidence.get("evidence") or {}
        if (
            (record.dag_id, record.run_id) != (run.dag_id, run.run_id)
            and earlier.get("snapshot_digest") == evidence["snapshot_digest"]
            and earlier.get("metrics") == evidence["metrics"]
        ):
            return str(record.run_id)
    return None
