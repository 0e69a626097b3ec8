"""The commands about expectations."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from stageline.cli.project import NameArgument, ProjectOption, console, pipelines_folder, refusing

app = typer.Typer(no_args_is_help=True, help="Expectations about a pipeline's data.")


@app.callback()
def _group() -> None:
    """Propose expectations about a pipeline's data."""


@app.command()
def propose(
    name: NameArgument,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Show the difference against the present suite instead.")
    ] = False,
    project: ProjectOption = Path(),
) -> None:
    """Propose expectations from the source as it is now, each with what in the data it rests on."""
    from stageline.onboarding import propose_suite

    with refusing():
        proposal = propose_suite(name, pipelines_folder(project))
    for note in proposal.notes:
        console.print(f"[yellow]•[/yellow] {escape(note)}")
    if refresh:
        console.print(escape(proposal.diff) if proposal.diff else "the present suite is what the data propose")
    else:
        console.print(escape(proposal.text))
