"""The command that replays history: what the monitoring of the champion would have said, window by window."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stageline.cli.project import (
    NameArgument,
    ProjectOption,
    console,
    opened_ledger,
    pipelines_folder,
    refusing,
    settings_of,
    user,
)
from stageline.exceptions import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stageline.monitoring.replay import Judged
    from stageline.spec.operating import Persist


def monitor(
    name: NameArgument,
    start: Annotated[str, typer.Option("--from", help="First window's beginning, ISO 8601.")],
    end: Annotated[str, typer.Option("--to", help="End of the last window, ISO 8601.")],
    project: ProjectOption = Path(),
) -> None:
    """Replay history: what the drift check of the champion would have said of each window."""
    with refusing():
        first, last = _moment("--from", start), _moment("--to", end)
        judged, persist = _judged(name, first, last, project)
    _show(name, judged, persist)


def _judged(name: str, first: datetime, last: datetime, project: Path) -> "tuple[Sequence[Judged], Persist | None]":
    settings = settings_of(project)
    from stageline.monitoring.windows import Window
    from stageline.operators.aliases import tracking_of
    from stageline.operators.champion import Champion
    from stageline.operators.run_context import RunContext
    from stageline.operators.watched_history import judge_history
    from stageline.operators.watched_window import WatchedWindow
    from stageline.spec import load_pipeline

    loaded = load_pipeline(name, pipelines_folder(project))
    if loaded.spec.monitor is None:
        raise SpecError(f"pipeline {name!r} has no section 'monitor', which says how long a window is")
    with opened_ledger(project) as ledger:
        run = RunContext(
            name=name, loaded=loaded, project=loaded.project, settings=settings, ledger=ledger,
            tracking=tracking_of(settings), dag_id="", run_id="", task_id="monitor", map_index=-1, try_number=1,
            run_after=datetime.now(UTC), actor=user(),
        )  # fmt: skip
        length = loaded.spec.monitor.window
        watched = WatchedWindow(run, Champion.of(run), Window(first, first + length))
        return judge_history(watched, first, last), loaded.spec.monitor.persist


def _show(name: str, judged: "Sequence[Judged]", persist: "Persist | None") -> None:
    from stageline.monitoring.checks import drift_sentence
    from stageline.monitoring.replay import persisting

    alarms = persisting(judged, persist.k, persist.n) if persist else [each.failed for each in judged]
    for each, alarm in zip(judged, alarms, strict=True):
        colour, word = ("red", "alarm") if alarm else ("yellow", "moved") if each.failed else ("green", "quiet")
        if not each.rows:
            colour, word, said = "magenta", "empty", "no rows"
        else:
            said = drift_sentence(each.findings, each.rows)
        console.print(f"{each.window}  [{colour}]{word}[/]  {escape(said)}")
    held = sum(1 for each in judged if each.rows)
    told = sum(1 for alarm in alarms if alarm)
    rule = f" (persist: k = {persist.k}, n = {persist.n})" if persist else ""
    console.print(f"{escape(name)}: {told} of {held} windows with rows raise an alarm{rule}")


def _moment(option: str, text: str) -> datetime:
    from stageline.monitoring.windows import in_utc

    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        raise SpecError(f"{option} is {text!r}; expected ISO 8601, e.g. 2026-03-21 or 2026-03-21T06:00Z") from None
