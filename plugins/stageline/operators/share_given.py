"""Since when a canary has the share that it had at a moment: within it, what is asked again is no new evidence."""

from datetime import datetime
from typing import TYPE_CHECKING

from stageline.ledger.canary import CANARY

if TYPE_CHECKING:
    from stageline.ledger import Canary
    from stageline.operators.run_context import RunContext


def share_given(run: "RunContext", canary: "Canary", moment: datetime) -> datetime:
    """Return when a canary got the share that it had at a moment; without a record of it, that moment."""
    shifts = [
        record.recorded_at
        for record in run.ledger.records(run.name, kinds=[CANARY])
        if record.position >= canary.sequence and record.recorded_at <= moment
    ]
    return max(shifts, default=moment)
