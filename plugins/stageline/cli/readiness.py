"""The commands of the way up: how ready a pipeline is, what earns more, and going up or down a stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stageline.cli.card_file import recorded_file, write_card
from stageline.cli.project import (
    NameArgument,
    ProjectOption,
    console,
    opened_ledger,
    pipelines_folder,
    refusing,
    settings_of,
    shown,
    user,
)
from stageline.cli.readiness_shown import show_evidence, show_faults, show_readiness, show_todo, told
from stageline.spec import Stage

if TYPE_CHECKING:
    from stageline.ledger import Ledger, Record
    from stageline.operators.run_context import RunContext
    from stageline.readiness import Readiness
    from stageline.reporting import StageCard
    from stageline.spec import LoadedSpec

ByOption = Annotated[str, typer.Option("--by", help="Who answers for it.")]
ToOption = Annotated[Stage, typer.Option("--to", help="The stage.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]


@dataclass(frozen=True)
class _Opened:
    """A pipeline with its stores."""

    run: "RunContext"
    loaded: "LoadedSpec"

    @property
    def ledger(self) -> "Ledger":
        return self.run.ledger

    def judge(self) -> "Readiness":
        from stageline.readiness import judge_readiness, read_facts

        return judge_readiness(read_facts(self.ledger, self.run.name, self.loaded.spec), datetime.now(UTC))

    def card(self, readiness: "Readiness") -> "StageCard":
        from stageline.operators.stage_card import card_of

        return card_of(self.run, readiness)


def readiness(  # noqa: PLR0917 - a command's options
    name: NameArgument,
    earn: Annotated[
        list[str] | None, typer.Option("--earn", help="Run the check of this test; again for more.")
    ] = None,
    show: Annotated[str | None, typer.Option("--show", help="Open a test's evidence: its records, whole.")] = None,
    ci: Annotated[bool, typer.Option("--ci", help="Markdown, and exit code 1 where the stage is not earned.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    project: ProjectOption = Path(),
) -> None:
    """Show how ready a pipeline is by the evidence on record, what is missing, and who owes it."""
    with refusing(), _opened(name, project) as opened:
        for code in earn or ():
            _earn(opened, code)
        judged = opened.judge()
        show_faults(judged)
        if show is not None:
            show_evidence(judged, show)
            raise typer.Exit(1 if judged.faults else 0)
        card = opened.card(judged)
    stage = judged.stage()
    if ci:
        from stageline.reporting import readiness_summary

        typer.echo(readiness_summary(card), nl=False)
    elif as_json:
        typer.echo(card.model_dump_json())
    else:
        show_readiness(judged, stage, whole=not earn)
    if judged.faults or (ci and not stage.earned and stage.grace_until is None):
        raise typer.Exit(1)


def attest(
    name: NameArgument,
    code: Annotated[str, typer.Argument(help="The test's code, e.g. SL-L105.")],
    by: ByOption,
    note: Annotated[str, typer.Option("--note", help="What was looked at, and what was found.")],
    project: ProjectOption = Path(),
) -> None:
    """Record a person's word for a test: dated, signed, worth half a point until it expires."""
    from stageline.readiness.graduation import Signed
    from stageline.readiness.graduation import attest as record_attestation

    with refusing(), _opened(name, project) as opened:
        signed = Signed(by, note, user())
        record = record_attestation(opened.ledger, opened.loaded, code, signed, datetime.now(UTC))
        after = opened.judge()
    console.print(f"{name}: {told(record.sentence)}; recorded as #{record.position}")
    console.print(f"score {after.score.words}: {after.score.band}")


def graduate(
    name: NameArgument, to: ToOption, by: ByOption, reason: ReasonOption, project: ProjectOption = Path()
) -> None:
    """Go up a stage: on evidence only; changes one line of the pipeline's file and records who and why."""
    from stageline.readiness.graduation import NotEarnedError, Signed
    from stageline.readiness.graduation import graduate as go_up

    with refusing(), _opened(name, project) as opened:
        judged = opened.judge()
        try:
            record = go_up(opened.ledger, opened.loaded, to, Signed(by, reason, user()), judged)
        except NotEarnedError as error:
            show_todo(error.judged)
            raise
        path = opened.loaded.path
    _show_step(name, record, path)


def demote(
    name: NameArgument, to: ToOption, by: ByOption, reason: ReasonOption, project: ProjectOption = Path()
) -> None:
    """Go down a stage: nobody has to show anything for that; the record says who and why."""
    from stageline.readiness.graduation import Signed
    from stageline.readiness.graduation import demote as go_down

    with refusing(), _opened(name, project) as opened:
        record = go_down(opened.ledger, opened.loaded, to, Signed(by, reason, user()), opened.judge())
        path = opened.loaded.path
    _show_step(name, record, path)


def card(
    name: NameArgument,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write, .html or .md; none: Markdown here.", dir_okay=False)
    ] = None,
    verify: Annotated[
        Path | None, typer.Option("--verify", help="A card's file: say whether it is as it was recorded.")
    ] = None,
    project: ProjectOption = Path(),
) -> None:
    """Write the stage card: what the pipeline is for, who answers for what, how ready it is; its digest is recorded."""
    from stageline.reporting import stage_card_markdown

    with refusing(), _opened(name, project) as opened:
        if verify is not None:
            record = recorded_file(opened.ledger, name, verify)
            at = f"{record.recorded_at:%Y-%m-%d %H:%M} UTC"
            console.print(f"{told(shown(verify))} is the card of record #{record.position}, of {at}, unchanged")
            return
        judged = opened.judge()
        made = opened.card(judged)
        if out is not None:
            position = write_card(opened.run, judged, made, out)
    if out is None:
        typer.echo(stage_card_markdown(made), nl=False)
    else:
        console.print(f"wrote {told(shown(out.resolve()))}; its digest is record #{position}")
    if judged.faults:
        raise typer.Exit(1)


@contextmanager
def _opened(name: str, project: Path) -> "Iterator[_Opened]":
    settings = settings_of(project)
    from stageline.operators.aliases import tracking_of
    from stageline.operators.run_context import RunContext
    from stageline.spec import load_pipeline

    loaded = load_pipeline(name, pipelines_folder(project))
    moment = datetime.now(UTC)
    with opened_ledger(project) as ledger:
        run = RunContext(
            name=name, loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
            tracking=tracking_of(settings), dag_id="", run_id=f"readiness__{moment.isoformat()}", task_id="readiness",
            map_index=-1, try_number=1, run_after=moment, actor=user(),
        )  # fmt: skip
        yield _Opened(run, loaded)


def _earn(opened: _Opened, code: str) -> None:
    from stageline.operators.earning import earn
    from stageline.readiness.graduation import require_whole

    judged = opened.judge()
    require_whole(judged.faults)
    before = judged.score
    with console.status(f"{told(code)} …"):
        record = earn(opened.run, code, datetime.now(UTC))
    after = opened.judge().score
    colour = "green" if record.verdict.advances else "red"
    console.print(f"[{colour}]{record.verdict}[/]  {told(code)}  {told(record.sentence)}  (#{record.position})")
    console.print(f"score {before.words} → {after.words}")


def _show_step(name: str, record: "Record", path: Path) -> None:
    console.print(f"{name}: {told(record.sentence)}; recorded as #{record.position}")
    console.print(f"the stage in {told(shown(path))} is {record.stage}; commit it")
