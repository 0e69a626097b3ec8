"""The command that shows what is wrong: the incidents of a pipeline, the open ones first."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from stageline.cli.project import NameArgument, ProjectOption, console, opened_ledger, refusing, require_known

if TYPE_CHECKING:
    from stageline.operators.incident_log import Logged

_COLOURS = {"critical": "red", "warning": "yellow"}


def alerts(
    name: NameArgument,
    show_all: Annotated[bool, typer.Option("--all", help="Closed incidents, too.")] = False,
    project: ProjectOption = Path(),
) -> None:
    """Show the incidents of a pipeline: since when, in how many windows, whose, what is wrong and what to do."""
    with refusing(), opened_ledger(project) as ledger:
        from stageline.operators.incident_log import IncidentLog

        require_known(ledger, name)
        log = IncidentLog(ledger, name)
        found, untold = log.changes(), {each.newest.incident.id for each in log.untold()}
    is_open = [each for each in found if each.incident.is_open]
    closed = [each for each in found if not each.incident.is_open]
    listed = [*is_open, *(closed[::-1] if show_all else [])]
    if listed:
        console.print(_table(listed, untold), soft_wrap=False)
    hidden = "" if show_all or not closed else " (--all shows them)"
    console.print(f"{escape(name)}: {len(is_open)} open, {len(closed)} closed{hidden}")


def _table(listed: "Sequence[Logged]", untold: set[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "topic", "since", "windows", "owner"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "windows" else "left")
    table.add_column("what", overflow="fold")
    for each in listed:
        incident = each.incident
        colour = _COLOURS[incident.severity] if incident.is_open else "green"
        until = "" if incident.is_open else f" to {incident.until:%Y-%m-%d %H:%M}"
        missed = " [yellow]\\[not told yet][/yellow]" if incident.id in untold else ""
        table.add_row(
            f"[{colour}]{'open' if incident.is_open else 'closed'}[/]",
            escape(incident.topic),
            f"{incident.since:%Y-%m-%d %H:%M}{until}",
            f"{incident.windows:,}",
            escape(each.owner or "nobody"),
            f"{escape(incident.sentence)}{missed}",
        )
    return table
