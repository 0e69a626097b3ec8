"""The command that shows what is wrong: the incidents of a pipeline, the open ones first."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

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
    for each in listed:
        _show(each, untold=each.incident.id in untold)
    hidden = "" if show_all or not closed else " (--all shows them)"
    console.print(f"{escape(name)}: {len(is_open)} open, {len(closed)} closed{hidden}")


def _show(each: "Logged", *, untold: bool) -> None:
    incident = each.incident
    colour = _COLOURS[incident.severity] if incident.is_open else "green"
    until = "" if incident.is_open else f" to {incident.until:%Y-%m-%d %H:%M}"
    windows = "1 window" if incident.windows == 1 else f"{incident.windows:,} windows"
    console.print(
        f"[{colour}]{'open' if incident.is_open else 'closed'}[/]  [bold]{escape(incident.topic)}[/]  "
        f"since {incident.since:%Y-%m-%d %H:%M}{until}, {windows}, {escape(each.owner or 'nobody')}"
        f"{' [yellow](not told yet)[/]' if untold else ''}"
    )
    console.print(f"  {escape(incident.sentence)}")
