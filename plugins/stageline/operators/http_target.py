"""The target `http`, with what is lost by the answers whose true values are known, and what came of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.operators.observed_losses import judged_by_losses, observed_losses
from stageline.operators.observed_outcomes import with_outcomes

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.ledger import Head
    from stageline.operators.run_context import RunContext
    from stageline.serving.http.target import HttpTarget
    from stageline.serving.target import Served
    from stageline.traffic import Traffic


@dataclass(frozen=True)
class LabelledHttpTarget:
    """The servers of a run's pipeline."""

    run: "RunContext"
    servers: "HttpTarget"

    def converge(self, head: "Head") -> "Served":
        """Return what the servers serve; they follow the head by themselves.

        :raises TargetError: A server will not.
        :raises Outage: A server cannot be reached.
        """
        return self.servers.converge(head)

    def served(self) -> "Served":
        """Return what the servers serve.

        :raises Outage: One cannot be reached.
        """
        return self.servers.served()

    def observe(self, head: "Head", start: datetime, end: datetime) -> "Traffic":
        """Return what the servers logged of both arms, with losses and outcomes where a rollout is judged by them.

        :raises Outage: A server cannot be reached, or has not logged all until `end`.
        """
        traffic = self.servers.observe(head, start, end)
        if head.champion is None or head.canary is None:
            return traffic
        if judged_by_losses(self.run):
            models = (head.champion, head.canary.model)
            losses = observed_losses(self.run, self._said(head, start, end), models, datetime.now(UTC))
            traffic = replace(
                traffic,
                champion=replace(traffic.champion, losses=losses[0]),
                canary=replace(traffic.canary, losses=losses[1]),
            )
        return with_outcomes(self.run, traffic, lambda: self._said(head, start, end))

    def _said(self, head: "Head", start: datetime, end: datetime) -> "tuple[pa.Table, pa.Table]":
        """Return keys, event time and prediction of the rows that champion and canary answered."""
        import pyarrow as pa

        source = self.run.spec.source
        named = dict.fromkeys((*source.keys, *([source.event_time] if source.event_time else [])))
        rows = self.servers.served_rows(head, start, end, columns=[*named, "prediction", "arm"])
        if rows is None:
            return pa.table({}), pa.table({})
        # A request may lack its keys, and an error has no prediction: no label can be found for either.
        whole = rows.drop_null()
        return _of(whole, "champion"), _of(whole, "canary", "shadow")


def _of(rows: "pa.Table", *arms: str) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc

    return rows.filter(pc.is_in(rows["arm"], value_set=pa.array(arms))).drop_columns(["arm"])
