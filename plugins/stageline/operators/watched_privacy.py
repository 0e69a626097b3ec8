"""Which of the columns that are watched are private."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stageline.operators.run_context import RunContext


def private_columns(run: "RunContext") -> frozenset[str]:
    """Return the columns whose values stand in no message: of a private target the predictions, too."""
    from stageline.monitoring.outputs import PREDICTION

    private = frozenset(run.spec.source.private)
    return private | {PREDICTION} if run.spec.target.column in private else private
