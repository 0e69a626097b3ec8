"""What a command that a person typed knows of a pipeline: as much as a task of it does."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stageline.cli.project import user

if TYPE_CHECKING:
    from stageline.ledger import Ledger
    from stageline.operators.run_context import RunContext
    from stageline.settings import Settings
    from stageline.spec import LoadedSpec


def asked(loaded: "LoadedSpec", settings: "Settings", ledger: "Ledger", command: str) -> "RunContext":
    """Return the context of a command that is about one pipeline."""
    from stageline.operators.aliases import tracking_of
    from stageline.operators.run_context import RunContext

    return RunContext(
        name=loaded.spec.pipeline, loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
        tracking=tracking_of(settings), dag_id="", run_id="", task_id=command, map_index=-1, try_number=1,
        run_after=datetime.now(UTC), actor=user(),
    )  # fmt: skip
