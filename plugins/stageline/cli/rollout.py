"""The command that tells a rollout's story: what became of the canary, look by look."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from stageline.cli.project import (
    NameArgument,
    ProjectOption,
    console,
    opened_ledger,
    pipelines_folder,
    refusing,
    require_known,
    settings_of,
    shown,
)
from stageline.exceptions import SpecError

if TYPE_CHECKING:
    from stageline.ledger import Ledger
    from stageline.reporting.rollout_content import RolloutContent
    from stageline.spec.rollout import Rollout

_COLOURS = {"hold": "magenta", "advance": "blue", "promote": "green", "roll_back": "red"}


def rollout(
    name: NameArgument,
    sequence: Annotated[
        int | None, typer.Option("--sequence", min=1, help="Record that began it; default: the newest rollout.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", help="Write its page to this file.", dir_okay=False)] = None,
    project: ProjectOption = Path(),
) -> None:
    """Tell what became of a canary: each look, what it found, and what was decided."""
    from stageline.operators.rollout_report_content import models_of, rollout_content
    from stageline.operators.rollout_story import RolloutStory

    with refusing(), opened_ledger(project) as ledger:
        require_known(ledger, name)
        story = RolloutStory.of(ledger, name, _begun(ledger, name, sequence))
        links = _links(project, [one.mlflow_run for one in models_of(ledger, name, story) if one]) if page else {}
        content = rollout_content(ledger, name, story, plan=_plan(project, name), run_links=links)
        _show(content)
        if page is not None:
            _write(page, content)


def _begun(ledger: "Ledger", name: str, sequence: int | None) -> int:
    """Return the record that began the rollout that is meant.

    :raises SpecError: There is none.
    """
    from stageline.ledger.canary import CANARY, CANARY_CHANGE

    begun = [
        record.position
        for record in ledger.records(name, kinds=[CANARY])
        if record.evidence[CANARY_CHANGE]["before"] is None
    ]
    if not begun:
        raise SpecError(f"pipeline {name!r} has no rollout on record: only the production stage has one")
    if sequence is not None and sequence not in begun:
        listed = ", ".join(map(str, begun[:10]))
        raise SpecError(f"record #{sequence} of {name!r} began no rollout; the newest that did: {listed}")
    return begun[0] if sequence is None else sequence


def _plan(project: Path, name: str) -> "Rollout | None":
    """Return the spec's plan; none where there is no such spec any more."""
    from stageline.spec import load_pipeline

    try:
        release = load_pipeline(name, pipelines_folder(project)).spec.release
    except SpecError:
        return None
    return release.rollout if release else None


def _links(project: Path, runs: list[str]) -> dict[str, str]:
    from stageline.operators.aliases import tracking_of
    from stageline.operators.rollout_report import run_links
    from stageline.tracking.reaching import bound_calls

    settings = settings_of(project)
    bound_calls(retries=0, seconds=3)
    found = run_links(tracking_of(settings), runs)
    if settings.tracking_ui and len(found) < len(set(runs)):
        console.print("[yellow]•[/yellow] MLflow does not give all of the models' runs: the page has no link to them")
    return found


def _show(content: "RolloutContent") -> None:
    from stageline.local_run import COLOURS
    from stageline.reporting.rollout_headline import headline

    told = headline(content)
    console.print(
        f"[bold]{escape(content.pipeline)}[/bold]  rollout #{content.sequence}  [{COLOURS[told.tone]}]{told.word}[/]"
    )
    console.print(f"{escape(told.sentence)}\n")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("look", "time (UTC)", "share", "decision", "why"):
        table.add_column(title, justify="right" if title in ("look", "share") else "left", no_wrap=title != "why")
    for look in content.looks:
        table.add_row(
            str(look.number), f"{look.at:%Y-%m-%d %H:%M:%S}", f"{look.percent} %",
            f"[{_COLOURS[look.action]}]{look.action.replace('_', ' ')}[/]", escape(look.reason),
        )  # fmt: skip
    if content.looks:
        console.print(table, soft_wrap=False)
    for answer in content.approvals:
        console.print(f"{escape(answer.sentence)}, {answer.at:%Y-%m-%d %H:%M} UTC (#{answer.position})")


def _write(page: Path, content: "RolloutContent") -> None:
    """Write the page.

    :raises SpecError: The file cannot be written.
    """
    from stageline.reporting.rollout_page import render_rollout_page

    try:
        page.write_text(render_rollout_page(content), encoding="utf-8")
    except OSError as error:
        raise SpecError(f"--page: {str(page)!r} cannot be written: {error.strerror}") from error
    console.print(f"page     {escape(shown(page))}")
