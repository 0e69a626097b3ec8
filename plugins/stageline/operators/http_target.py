"""The target `http`, with what is lost by the answers whose true values are known, and what came of them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from stageline.operators.observed_losses import with_losses
from stageline.operators.observed_outcomes import with_outcomes
from stageline.operators.share_given import share_given

if TYPE_CHECKING:
    import pyarrow as pa

    from stageline.ledger import Canary, Head
    from stageline.operators.run_context import RunContext
    from stageline.serving.http.first_answers import FirstAnswers
    from stageline.serving.http.target import HttpTarget
    from stageline.serving.target import Served
    from stageline.traffic import Traffic


@dataclass(frozen=True)
class LabelledHttpTarget:
    """The servers of a run's pipeline."""

    run: "RunContext"
    servers: "HttpTarget"
    # By when the canary got its share: one look asks for all stretches of a step, one after the other.
    _steps: "dict[tuple[int, datetime], FirstAnswers]" = field(default_factory=dict, repr=False, compare=False)

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

        Of a key's answers the first one in a step counts for these: to be asked again is no new evidence.

        :raises Outage: No server can be reached, or none has logged anything of it.
        """
        traffic = self.servers.observe(head, start, end)
        canary = head.canary
        if head.champion is None or canary is None:
            return traffic

        def said() -> "tuple[pa.Table, pa.Table]":
            return self._said(head, canary, start, end)

        traffic = with_losses(self.run, traffic, said, (head.champion, canary.model))
        return with_outcomes(self.run, traffic, said)

    def _said(self, head: "Head", canary: "Canary", start: datetime, end: datetime) -> "tuple[pa.Table, pa.Table]":
        """Return keys, event time, prediction and time of the first answers of champion and canary."""
        import pyarrow as pa

        step = (canary.sequence, share_given(self.run, canary, start))
        if step not in self._steps:
            self._steps[step] = self._answers(head, step[1])
        rows = self._steps[step].between(start, end)
        if rows is None:
            return pa.table({}), pa.table({})
        return _of(rows, "champion"), _of(rows, "canary", "shadow")

    def _answers(self, head: "Head", since: datetime) -> "FirstAnswers":
        from stageline.serving.http.first_answers import FirstAnswers

        source = self.run.spec.source
        named = dict.fromkeys((*source.keys, *([source.event_time] if source.event_time else [])))
        wanted = [*named, "prediction", "arm", "scored_at"]
        return FirstAnswers(
            lambda start, end: self.servers.served_rows(head, start, end, columns=wanted), source.keys, since
        )


def _of(rows: "pa.Table", *arms: str) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.compute as pc

    from stageline.serving.observed_predictions import ANSWERED

    own = rows.filter(pc.is_in(rows["arm"], value_set=pa.array(arms)))
    answered = own["scored_at"].cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return own.drop_columns(["arm", "scored_at"]).append_column(ANSWERED, answered)
