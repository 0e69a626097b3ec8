"""How the command shows readiness: each test with its records, what is to be done, and a test's evidence whole."""

import json
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from stageline.cli.project import console, errors
from stageline.exceptions import SpecError
from stageline.spec import Stage

if TYPE_CHECKING:
    from stageline.readiness import Fact, Readiness, StageJudgement

_MOST_CHARACTERS = 2_000
_COLOURS = {"earned": "green", "half": "yellow", "failed": "red", "expired": "red", "missing": "dim"}


def told(text: str) -> str:
    """Return a text that people wrote as the terminal may have it: one line, no controls, no markup."""
    from stageline.reporting.text import shown

    return escape(shown(text, _MOST_CHARACTERS)) if text else ""


def show_faults(judged: "Readiness") -> None:
    """Print where the ledger's chain does not hold, before anything that rests on it."""
    if judged.faults:
        errors.print("[red]broken[/red]  the ledger's chain does not hold, so nothing in it is evidence:")
    for fault in judged.faults:
        errors.print(f"[red]broken[/red]  {told(fault)}")


def show_readiness(judged: "Readiness", stage: "StageJudgement", *, whole: bool) -> None:
    """Print what each test comes to, the score, and what is to be done.

    :param whole: Whether each test is shown.
    """
    from stageline.readiness import Section
    from stageline.readiness.graduation import disagreement

    if judged.faults:
        console.print("no score: restore the ledger from a backup")
        return
    for section in Section if whole else ():
        console.print(f"[bold]{section.value}[/bold]  {judged.score.sections[section]:g} of 7")
        for result in judged.results:
            if result.test.section is section:
                colour = _COLOURS[result.state.value]
                records = "".join(f" (#{each.position})" for each in result.evidence)
                until = f", until {result.until:%Y-%m-%d}" if result.until else ""
                console.print(
                    f"  [{colour}]{result.points:<4g}{result.state.value:<8}[/] {result.test.code} "
                    f"{told(result.test.title)}: {told(result.message)}{records}{until}"
                )
    console.print(f"score {judged.score.words}: [bold]{judged.score.band}[/bold]")
    if note := disagreement(judged.facts):
        console.print(f"[yellow]{told(note)}[/]")
    console.print(f"{'[green]' if stage.earned else '[red]'}{told(stage.sentence)}[/]")
    show_todo(stage)
    later = list(Stage)[list(Stage).index(stage.stage) + 1 :]
    if later and stage.earned:
        following = judged.stage(later[0])
        console.print(f"next: {told(following.sentence)}")
        show_todo(following)


def show_todo(stage: "StageJudgement") -> None:
    """Print what is to be done for a stage, the least effort first."""
    needed = [each for each in stage.todo if each.needed]
    if not needed:
        return
    console.print(
        f"\nto do for stage [bold]{stage.stage.value}[/bold] (asks for {stage.least:g}), the least effort first:"
    )
    for each in needed:
        who = each.owner or f"{each.role}, nobody is named"
        console.print(f"  [bold]{each.code}[/bold] {told(each.title)} ({told(who)}, about {each.minutes} min)")
        console.print(f"      {told(each.why)}")
        console.print(f"      {told(each.how)}")


def show_evidence(judged: "Readiness", code: str) -> None:
    """Print the records that a test or a requirement rests on.

    :raises SpecError: There is no such code.
    """
    from stageline.readiness import REQUIREMENTS

    known = [result for result in judged.results if result.test.code == code]
    required = [each for stage in Stage for each in judged.stage(stage).requirements if each.requirement.code == code]
    if not known and not required:
        codes = ", ".join([*(each.test.code for each in judged.results), *(each.code for each in REQUIREMENTS)])
        raise SpecError(f"there is no test {code!r}; these are: {codes}")
    found = {each.position for result in known for each in result.evidence}
    found |= {each.evidence.position for each in required if each.evidence}
    for fact in judged.facts.facts:
        if fact.position in found:
            typer.echo(json.dumps(_as_json(fact), indent=2))
    if not found:
        console.print(f"{told(code)}: nothing is on record")


def _as_json(fact: "Fact") -> dict[str, object]:
    return {
        "position": fact.position, "digest": fact.digest, "recorded_at": fact.at.isoformat(), "kind": fact.kind,
        "step": fact.step, "verdict": fact.verdict.value, "sentence": fact.sentence, "run": fact.run,
        "actor": fact.actor, "evidence": fact.evidence,
    }  # fmt: skip
