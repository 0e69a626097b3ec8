"""Whether everything that follows a pipeline's head does: MLflow's alias, and the batch target."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stageline.ledger import Head, Ledger
    from stageline.serving.agreement import Agreement
    from stageline.settings import Settings


def compare(ledger: "Ledger", head: "Head", settings: "Settings") -> "Agreement":
    """Compare a head with what follows it; nothing follows a drill's.

    :raises TrackingError: MLflow cannot be reached.
    """
    from stageline.ledger.head import DRILL, MOVES
    from stageline.operators.aliases import alias_fault, tracking_of
    from stageline.serving.agreement import Agreement, agreement

    if head.champion is None or head.pipeline.endswith(DRILL):
        return Agreement()
    (last,) = ledger.records(head.pipeline, kinds=MOVES, limit=1)
    target = agreement(settings.tables / head.pipeline, head, last.recorded_at)
    alias = alias_fault(tracking_of(settings), head)
    return Agreement(tuple(filter(None, (alias, *target.faults))), target.lags)
