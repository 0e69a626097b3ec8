"""The batch target: the next scoring asks whom the head names, and the predictions tell what they said."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.operators.observed_losses import with_losses
from stageline.operators.observed_outcomes import with_outcomes
from stageline.operators.share_given import share_given
from stageline.serving.target import Served
from stageline.traffic import Arm, Traffic

if TYPE_CHECKING:
    from stageline.ledger import Canary, Head
    from stageline.operators.run_context import RunContext


@dataclass(frozen=True)
class BatchTarget:
    """Scoring by batch: it reads the head each time, so that there is nothing to move."""

    run: "RunContext"

    def converge(self, head: "Head") -> Served:
        """Return what the next scoring asks: what the head says."""
        del head
        return self.served()

    def served(self) -> Served:
        """Return what the next scoring asks."""
        head = self.run.ledger.head(self.run.name).live(datetime.now(UTC))
        canary = head.canary
        return Served(
            champion=head.champion.digest if head.champion else "",
            canary=canary.model.digest if canary else "",
            percent=canary.percent if canary else 0,
        )

    def observe(self, head: "Head", start: datetime, end: datetime) -> Traffic:
        """Return what both models said of rows; a scoring that the canary failed counts all of the canary's rows.

        A row counts once a step, when a model first speaks of it: a table that is scored again is no new evidence.

        :raises ArtifactError: The predictions cannot be read.
        """
        from stageline.serving.class_codes import coded
        from stageline.serving.observed_predictions import ObservedPredictions

        canary = head.canary
        if head.champion is None or canary is None:
            return Traffic(start, end, 0, Arm(0), Arm(0))
        source = self.run.spec.source
        folder = self.run.settings.tables.absolute() / self.run.name / "predictions"
        columns = (*source.keys, *([source.event_time] if source.event_time else []))
        predictions = ObservedPredictions(folder, columns, len(source.keys), share_given(self.run, canary, start))
        models = (head.champion, canary.model)
        said = predictions.of([model.digest for model in models], start, end)
        champion, tried = (coded(table["prediction"]) for table in said)
        failed = self._failed(canary, start, end)
        traffic = Traffic(
            start, end, canary.percent,
            champion=Arm(len(champion), predictions=champion),
            canary=Arm(len(tried) + failed, {"exception": failed} if failed else {}, predictions=tried),
        )  # fmt: skip
        return with_outcomes(self.run, with_losses(self.run, traffic, lambda: said, models), lambda: said)

    def _failed(self, canary: "Canary", start: datetime, end: datetime) -> int:
        """Return of how many rows the canary said nothing, because it failed on one of them."""
        failed = 0
        for record in self.run.ledger.records(self.run.name, step="score"):
            if record.position < canary.sequence:
                break
            tried = (record.evidence.get("evidence") or {}).get("canary") or {}
            at = tried.get("at")
            if (
                at
                and tried.get("sequence") == canary.sequence
                and start <= datetime.fromisoformat(at).astimezone(UTC) < end
            ):
                failed += tried["events"] if tried.get("failure") else 0
        return failed
