"""The commands about what is in use: roll back, and verify that ledger, head and MLflow agree."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from stageline.cli.project import NameArgument, ProjectOption, console, errors, refusing, settings_of, user
from stageline.exceptions import Outage, SpecError


def rollback(
    name: NameArgument,
    to: Annotated[int | None, typer.Option("--to", help="Version to go back to; default: the champion before.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the record.")] = "",
    project: ProjectOption = Path(),
) -> None:
    """Make an earlier champion the champion again, at once; needs the ledger, and no MLflow."""
    from stageline import __version__
    from stageline.ledger import Entry, Ledger
    from stageline.operators.aliases import converge, tracking_of
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
            record = ledger.roll_back(entry, to)
            head = ledger.head(name)
        change = record.evidence["head_change"]
        console.print(
            f"{escape(name)}: version {change['after']['version']} is the champion again, instead of "
            f"{change['before']['version']}; recorded as #{record.position}"
        )
        try:
            converge(tracking_of(settings), head)
        except Outage as outage:
            console.print(f"[yellow]•[/yellow] MLflow's alias lags behind: {escape(str(outage))}")


def verify(
    name: Annotated[str | None, typer.Argument(help="Name of the pipeline; none: all.")] = None,
    project: ProjectOption = Path(),
) -> None:
    """Check that the ledger's chain holds, that the head is what the log gives, and that MLflow's alias agrees."""
    from stageline.ledger import Ledger
    from stageline.operators.aliases import alias_fault, tracking_of

    with refusing():
        settings = settings_of(project)
        with Ledger.open(settings.ledger_url) as ledger:
            known = ledger.pipelines()
            if name is not None and name not in known:
                raise SpecError(f"the ledger knows no pipeline {name!r}; it knows: {', '.join(known) or 'none yet'}")
            chosen = known if name is None else [name]
            faults = [f"{fault.pipeline} #{fault.position}: {fault.message}" for fault in ledger.verify(name)]
            heads = [ledger.head(each) for each in chosen]
        for head in heads:
            faults += [fault] if (fault := alias_fault(tracking_of(settings), head)) else []
    for head in heads:
        champion = f"version {head.champion.version}" if head.champion else "none"
        console.print(f"{escape(head.pipeline)}: generation {head.generation}, champion {champion}")
    for fault in faults:
        errors.print(f"[red]broken[/red]  {escape(fault)}")
    if faults:
        raise typer.Exit(1)
    console.print(f"{len(chosen)} pipeline(s): chain, head and alias agree")
