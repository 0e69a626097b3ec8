"""The commands about what is in use: roll back, and verify that ledger, head and MLflow agree."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stageline.cli.asked import asked
from stageline.cli.project import (
    NameArgument,
    ProjectOption,
    console,
    errors,
    opened_ledger,
    pipelines_folder,
    refusing,
    require_known,
    settings_of,
    user,
)
from stageline.exceptions import Outage, SpecError

if TYPE_CHECKING:
    from stageline.ledger import Ledger
    from stageline.settings import Settings

# Batch scoring and the HTTP servers read the head themselves.
BY_ITSELF = ("batch", "http")


def rollback(
    name: NameArgument,
    to: Annotated[int | None, typer.Option("--to", help="Version to go back to; default: the champion before.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    project: ProjectOption = Path(),
) -> None:
    """Take a canary out of the traffic, or make an earlier champion the champion again; needs no MLflow."""
    from stageline import __version__
    from stageline.ledger import Entry, Ledger
    from stageline.operators.aliases import converge, tracking_of
    from stageline.operators.undo import undo
    from stageline.tracking.reaching import bound_calls
    from stageline.verdicts import Mode, Verdict

    with refusing():
        settings = settings_of(project)
        moment = datetime.now(UTC).isoformat()
        with Ledger.open(settings.ledger_url) as ledger:
            entry = Entry(
                pipeline=name, step="rollback", verdict=Verdict.PASSED, sentence=reason or "rolled back by hand",
                evidence={"reason": reason}, stage="", mode=Mode.ENABLED, dag_id="", run_id=f"rollback__{moment}",
                task_id="", actor=user(), idempotency_key=f"rollback/{name}/{moment}", spec_digest="",
                package_version=__version__,
            )  # fmt: skip
            record, done = undo(ledger, entry, to)
            head = ledger.head(name)
            console.print(f"{escape(name)}: {escape(done)}; recorded as #{record.position}")
            _let_follow(name, project, settings, ledger)
        # The head has moved, and whoever rolls back is in a hurry: the alias follows now or at the next change.
        bound_calls(retries=0, seconds=3)
        try:
            converge(tracking_of(settings), head)
        except Outage as outage:
            console.print(f"[yellow]•[/yellow] MLflow's alias lags behind: {escape(str(outage))}")


def _let_follow(name: str, project: Path, settings: "Settings", ledger: "Ledger") -> None:
    """Let a target follow that does not do so by itself."""
    from stageline.spec import load_pipeline

    try:
        loaded = load_pipeline(name, pipelines_folder(project))
    except SpecError:
        # A rollback needs no spec: it may be what is broken.
        return
    release = loaded.spec.release
    if release is None or release.target in BY_ITSELF:
        return
    from stageline.operators.targets import let_follow

    if lag := let_follow(asked(loaded, settings, ledger, "rollback")):
        console.print(f"[yellow]•[/yellow] the target follows: {escape(lag)}")


def verify(
    name: Annotated[str | None, typer.Argument(help="Name of the pipeline; none: all.")] = None,
    project: ProjectOption = Path(),
) -> None:
    """Check that the ledger's chain holds, and that head, MLflow's alias and what is scored with agree."""
    from stageline.operators.agreeing import compare

    with refusing():
        settings = settings_of(project)
        with opened_ledger(project) as ledger:
            chosen = require_known(ledger, name)
            faults = [f"{fault.pipeline} #{fault.position}: {fault.message}" for fault in ledger.verify(name)]
            heads = [ledger.head(each) for each in chosen]
            found = [(head, compare(ledger, head, settings)) for head in heads]
    for head, compared in found:
        champion = f"version {head.champion.version}" if head.champion else "none"
        console.print(f"{escape(head.pipeline)}: generation {head.generation}, champion {champion}")
        for lag in compared.lags:
            console.print(f"[yellow]•[/yellow] {escape(lag)}")
        faults += compared.faults
    for fault in faults:
        errors.print(f"[red]broken[/red]  {escape(fault)}")
    if faults:
        raise typer.Exit(1)
    console.print(f"{len(chosen)} pipeline(s): chain, head, alias and batch target agree")
