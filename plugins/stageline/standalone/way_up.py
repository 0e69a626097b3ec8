"""The demo's way up: one pipeline goes from POC to production, by its to-do list and nothing else."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from stageline.demo.calendar import Window, write_window
from stageline.spec import Stage, load_pipeline
from stageline.standalone.narrator import Narrator

if TYPE_CHECKING:
    from pathlib import Path

    from stageline.readiness import Readiness, Todo

PIPELINE = SOURCE = "hourly_demand_on_its_way"
TRAIN, SCORE, MONITOR = f"{PIPELINE}.train", f"{PIPELINE}.score", f"{PIPELINE}.monitor"
READINESS = f"{PIPELINE}.readiness"
PERSON = "business@example.com"
# What the source holds when the first model is trained, and when it has scored a month of new hours.
YEAR, MONTH_LATER = Window("2024-01-01", "2025-01-01"), Window("2024-01-01", "2025-02-01")
# What no check can see: a person looks, and says what was seen.
NOTES = {
    "SL-L105": "the table holds rides by the hour, no person; only the team's account may read it",
    "SL-L207": "the groups are weather and kind of day; nobody is treated by them",
    "SL-L305": "the storm hour of 2024-12-21 was followed from its row to its answer",
}
_CHAPTERS = 3
_MOST_STEPS = 25
# Airflow reads no file that does not name it.
_DAG_FILE = '''"""The pipeline that is on its way up, as its Airflow DAGs."""

from stageline.templates import load_dags

globals().update(load_dags(__file__))
'''


def tell(narrator: Narrator) -> bool:
    """Tell it; return whether the pipeline got to production, and its stage is earned there.

    :raises StandaloneError: A server goes away, a run takes too long, or a command is refused.
    """
    if narrator.told_before(PIPELINE):
        return True
    _begin(narrator, 1, "a POC, whose one run is worth little")
    settle(narrator.home.way_up)
    write_window(narrator.home.calendars, SOURCE, YEAR)
    good = narrator.succeeds(narrator.start(PIPELINE))
    _command(narrator, "readiness", PIPELINE)
    good = narrator.refused(*_up(narrator, Stage.PILOT, "it looks good to me")) and good
    good = climb(narrator, Stage.PILOT) and good
    _command(narrator, "readiness", PIPELINE, "--show", "SL-L301")
    narrator.command(*_up(narrator, Stage.PILOT, "it saves 200 EUR a day"))
    _begin(narrator, 2, "a pilot: released by a person, scoring, watched")
    run = narrator.start(TRAIN)
    for dag_id in (SCORE, MONITOR):
        narrator.unpause(dag_id)
    good = narrator.succeeds(run) and narrator.succeeds(narrator.next_of(SCORE, run)) and good
    write_window(narrator.home.calendars, SOURCE, MONTH_LATER)
    scored = narrator.start(SCORE)
    good = narrator.succeeds(scored) and narrator.succeeds(narrator.next_of(MONITOR, scored)) and good
    good = climb(narrator, Stage.PRODUCTION) and good
    narrator.command(*_up(narrator, Stage.PRODUCTION, "every depot plans by it"))
    _begin(narrator, 3, "in production, and looked at every day")
    good = narrator.succeeds(narrator.start(READINESS)) and good
    _command(narrator, "card", PIPELINE, "--out", str(narrator.home.way_up / "stage_card.html"))
    _command(narrator, "history", PIPELINE)
    return good and judge(narrator).stage().earned


def settle(project: "Path") -> None:
    """Make the project: one pipeline's file, and the file that turns it into DAGs."""
    spec, dags = project / "config/pipelines" / f"{PIPELINE}.yaml", project / "dags" / "way_up.py"
    for file, text in ((spec, files(__package__).joinpath("way_up.yaml").read_text("utf-8")), (dags, _DAG_FILE)):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def climb(narrator: Narrator, stage: Stage) -> bool:
    """Do what the list says, the least effort first, until a stage is earned; return whether it is."""
    for _ in range(_MOST_STEPS):
        judged = judge(narrator).stage(stage)
        todo = next((each for each in judged.todo if each.needed), None)
        if judged.earned or todo is None:
            return judged.earned
        narrator.console.print(f"\n[bold]to do:[/] {todo.code} {todo.title} ({todo.owner}): {todo.why}", soft_wrap=True)
        if not follow(narrator, todo):
            return False
    return False


def follow(narrator: Narrator, todo: "Todo") -> bool:
    """Do what a to-do says; return whether it could be done."""
    if earned := re.search(r"--earn (SL-L\d{3})", todo.how):
        _command(narrator, "readiness", PIPELINE, "--earn", earned[1])
    elif todo.code in NOTES:
        _command(narrator, "attest", PIPELINE, todo.code, "--by", PERSON, "--note", NOTES[todo.code])
    elif started := re.search(rf"(?:stageline run|airflow dags trigger) ({PIPELINE}[.\w]*)", todo.how):
        return narrator.succeeds(narrator.start(started[1]))
    else:
        narrator.console.print(f"that is for a person: {todo.how}", soft_wrap=True)
        return False
    return True


def judge(narrator: Narrator) -> "Readiness":
    """Return how ready the pipeline is."""
    from stageline.ledger import Ledger
    from stageline.readiness import judge_readiness, read_facts

    spec = load_pipeline(PIPELINE, narrator.home.way_up / "config/pipelines").spec
    with Ledger.open(f"sqlite:///{narrator.home.ledger}") as ledger:
        return judge_readiness(read_facts(ledger, PIPELINE, spec), datetime.now(UTC))


def _up(narrator: Narrator, stage: Stage, reason: str) -> tuple[str, ...]:
    return _here(narrator, "graduate", PIPELINE, "--to", stage.value, "--by", PERSON, "--reason", reason)


def _command(narrator: Narrator, *arguments: str) -> None:
    narrator.command(*_here(narrator, *arguments))


def _here(narrator: Narrator, *arguments: str) -> tuple[str, ...]:
    return (*arguments, "--project", str(narrator.home.way_up))


def _begin(narrator: Narrator, number: int, title: str) -> None:
    narrator.begin(f"The way up, {number} of {_CHAPTERS}", title)
