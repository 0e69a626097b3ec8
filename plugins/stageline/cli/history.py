"""The command that looks back: what happened, and who put what into use, when, why and on what evidence."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stageline.cli.project import ProjectOption, console, errors, opened_ledger, refusing, require_known
from stageline.verdicts import shown_verdict

if TYPE_CHECKING:
    from stageline.ledger import Record
    from stageline.ledger.releases import Release

_SHOWN_DIGEST = 19


def history(
    name: Annotated[str | None, typer.Argument(help="Name of the pipeline; none: all.")] = None,
    limit: Annotated[int, typer.Option(help="Newest records shown.", min=1)] = 30,
    only_releases: Annotated[
        bool, typer.Option("--releases", help="Only what changed the champion, with its evidence.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, with the evidence.")] = False,
    project: ProjectOption = Path(),
) -> None:
    """Show what happened, what was released on what evidence, and whether the ledger's chain is whole."""
    from stageline.ledger.head import MOVES
    from stageline.ledger.releases import releases

    with refusing(), opened_ledger(project) as ledger:
        chosen = require_known(ledger, name)
        records = ledger.records(name, kinds=MOVES if only_releases else None, limit=limit)[::-1]
        changes = {each: found for each in chosen if (found := releases(ledger, each, limit=limit))}
        faults = ledger.verify(name)
    if as_json:
        for record in records:
            typer.echo(record.model_dump_json())
    else:
        if not only_releases:
            _show_records(records)
        for pipeline, found in changes.items():
            _show_releases(pipeline, found)
        if only_releases and not changes:
            console.print("nothing was released yet")
        console.print(f"{len(records)} record(s); the chain is {'broken' if faults else 'whole'}")
    for fault in faults:
        errors.print(f"[red]broken[/red]  {escape(fault.pipeline)} #{fault.position}: {escape(fault.message)}")
    if faults:
        raise typer.Exit(1)


def _show_records(records: "Sequence[Record]") -> None:
    shown_run = None
    for record in records:
        if (record.pipeline, record.run_id) != shown_run:
            shown_run = (record.pipeline, record.run_id)
            console.print(f"[bold]{escape(record.pipeline)}[/bold]  {escape(record.run_id)}  ({record.stage})")
        console.print(
            f"  #{record.position:<4} {record.recorded_at:%Y-%m-%d %H:%M:%S}  {_verdict(record)}  "
            f"{escape(record.sentence)}"
        )


def _show_releases(pipeline: str, changes: "Sequence[Release]") -> None:
    newest = changes[-1].change
    console.print(
        f"\n[bold]{escape(pipeline)}[/bold]: version {newest.after.version} is in use (generation {newest.generation})"
    )
    for release in changes:
        record, model = release.record, release.change.after
        console.print(
            f"\n  [bold]{record.recorded_at:%Y-%m-%d %H:%M:%S}  {release.sentence}[/bold]  "
            f"(generation {release.change.generation}, #{record.position})"
        )
        console.print(f"    by        {escape(record.actor or 'the schedule')}, {escape(_place(record))}")
        console.print(f"    why       {escape(record.sentence)}")
        for each in release.evidence:
            console.print(f"    {_verdict(each)}  {escape(each.sentence)}  (#{each.position})")
        until = f", data until {datetime.fromisoformat(model.watermark):%Y-%m-%d %H:%M}" if model.watermark else ""
        console.print(
            f"    model     {model.digest[:_SHOWN_DIGEST]}…, snapshot {model.snapshot}{until}; MLflow run "
            f"{escape(model.mlflow_run)} of {escape(model.dag_run)}"
        )
    console.print()


def _verdict(record: "Record") -> str:
    from stageline.local_run import COLOURS

    shown = shown_verdict(record.verdict, record.mode)
    return f"{escape(record.step):<9} [{COLOURS[record.verdict]}]{shown}[/]"


def _place(record: "Record") -> str:
    return f"{record.dag_id}/{record.run_id}" if record.dag_id else "by hand"
