"""The step `readiness`: whether the evidence on record still earns the stage that the spec declares."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from stageline.operators.gate import GateOperator
from stageline.verdicts import Report

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext


class ReadinessOperator(GateOperator):
    """Judge the 28 tests of the ML Test Score by the ledger, and write the stage card.

    It fails where the declared stage is not earned and `readiness.enforce` blocks; it warns in the grace period and
    where nothing is enforced. It earns nothing: `stageline readiness NAME --earn CODE` does.

    :param pipeline: Name of the pipeline.
    """

    step = "readiness"
    page = "stage_card.html"

    def inputs(self, run: "RunContext") -> Mapping[str, Any]:
        """Return the try and the newest record: evidence ages, so each run judges anew."""
        newest = run.ledger.newest(run.name)
        return {"newest": newest.position if newest else 0, "try": run.try_number}

    def check(self, run: "RunContext") -> Report:
        """Judge, and make the card, whose digest the record keeps."""
        from stageline.operators.stage_card import card_of, digest_of_card
        from stageline.readiness import judge_readiness, read_facts
        from stageline.readiness.report import readiness_report
        from stageline.reporting import card_texts, text_digest

        readiness = judge_readiness(read_facts(run.ledger, run.name, run.spec), datetime.now(UTC))
        report = readiness_report(readiness)
        card = card_of(run, readiness)
        files = {suffix.removeprefix("."): text_digest(text) for suffix, text in card_texts(card).items()}
        return report.model_copy(update={"evidence": {**report.evidence, "card": digest_of_card(card), "files": files}})

    def attach(self, run: "RunContext", report: Report, mlflow_run: str) -> None:
        """Log the card that the record speaks of, as page and as Markdown, and the score; and close the run."""
        from stageline.operators.stage_card import recorded_card
        from stageline.reporting import card_texts, stamped
        from stageline.tracking import log_texts, log_values

        texts, position = card_texts(recorded_card(run, report.evidence)), run.require(self.step).position
        with run.tracking.resume(mlflow_run):
            log_texts({f"stage_card{suffix}": stamped(text, position) for suffix, text in texts.items()})
            log_values(_values(report), run.dag_run)
        run.tracking.finish(mlflow_run, succeeded=not report.blocks)


def _values(report: Report) -> dict[str, float]:
    sections: Mapping[str, float] = report.evidence.get("sections") or {}
    found = {f"readiness/{section}": points for section, points in sections.items()}
    score = report.evidence["score"]
    return found if score is None else {"readiness/score": score, **found}
