"""The command that replays history: what the monitoring of the champion would have said, window by window."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from stageline.cli.asked import asked
from stageline.cli.project import (
    NameArgument,
    ProjectOption,
    console,
    opened_ledger,
    pipelines_folder,
    refusing,
    settings_of,
)
from stageline.exceptions import SpecError
from stageline.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stageline.monitoring.replay import Judged
    from stageline.operators.performance_history import PastPerformance
    from stageline.spec.operating import Persist


def monitor(
    name: NameArgument,
    start: Annotated[str, typer.Option("--from", help="First window's beginning, ISO 8601.")],
    end: Annotated[str, typer.Option("--to", help="End of the last window, ISO 8601.")],
    project: ProjectOption = Path(),
) -> None:
    """Replay history: what the monitoring of the champion would have said of each window, rows first, then labels."""
    with refusing():
        first, last = _moment("--from", start), _moment("--to", end)
        past, persist = _replayed(name, first, last, project)
    _show(name, past, persist)


@dataclass(frozen=True)
class _Past:
    """A window and what would have been said of it.

    :param moved: What of its rows raises an alarm.
    :param performance: None where its labels were not due by then.
    """

    drift: "Judged"
    moved: bool
    performance: "PastPerformance | None"


def _replayed(name: str, first: datetime, last: datetime, project: Path) -> "tuple[list[_Past], Persist | None]":
    settings = settings_of(project)
    from stageline.monitoring.replay import persisting
    from stageline.monitoring.windows import Window
    from stageline.operators.champion import Champion
    from stageline.operators.performance_history import performance_history
    from stageline.operators.watched_history import judge_history
    from stageline.operators.watched_window import WatchedWindow
    from stageline.spec import load_pipeline

    loaded = load_pipeline(name, pipelines_folder(project))
    if loaded.spec.monitor is None:
        raise SpecError(f"pipeline {name!r} has no section 'monitor', which says how long a window is")
    with opened_ledger(project) as ledger:
        run = asked(loaded, settings, ledger, "monitor")
        length, persist = loaded.spec.monitor.window, loaded.spec.monitor.persist
        watched = WatchedWindow(run, Champion.of(run), Window(first, first + length))
        drift = judge_history(watched, first, last)
        due = last - drift[0].window.end >= loaded.spec.target.label_delay
        labelled = {each.window: each for each in (performance_history(watched, first, last) if due else ())}
    moved = persisting(drift, persist.k, persist.n) if persist else [each.failed for each in drift]
    past = [
        _Past(each, bool(alarm), labelled.get(each.window)) for each, alarm in zip(drift, moved, strict=True)
    ]  # fmt: skip
    return past, persist


def _show(name: str, past: "Sequence[_Past]", persist: "Persist | None") -> None:
    for each in past:
        console.print(f"{each.drift.window}  {_of_rows(each)}")
        if each.performance is not None and each.performance.judged.labels.scored:
            console.print(f"{' ' * len(str(each.drift.window))}  {_of_labels(each.performance)}")
    held = [each for each in past if each.drift.rows]
    judged = [each.performance for each in past if each.performance is not None and each.performance.judged.loss]
    rule = f" (persist: k = {persist.k}, n = {persist.n})" if persist else ""
    console.print(
        f"{escape(name)}: {sum(each.moved for each in held):,} of {len(held):,} windows with rows raise an alarm by "
        f"their rows, {sum(map(_is_loss, judged)):,} of {len(judged):,} with labels by the model's performance{rule}"
    )


def _of_rows(past: _Past) -> str:
    from stageline.monitoring.checks import drift_sentence

    if not past.drift.rows:
        return "[magenta]empty[/]  no rows"
    colour, word = ("red", "alarm") if past.moved else ("yellow", "moved") if past.drift.failed else ("green", "quiet")
    return f"[{colour}]{word}[/]  {escape(drift_sentence(past.drift.findings, past.drift.rows))}"


def _of_labels(past: "PastPerformance") -> str:
    from stageline.monitoring.performance_checks import LOSS, performance_sentence

    lost = any(check.verdict is Verdict.FAILED for check in past.judged.checks)
    good = any(check.code == LOSS and check.verdict is Verdict.PASSED for check in past.judged.checks)
    colour, word = ("green", "as good") if good else ("magenta", "not known")
    if lost:
        colour, word = ("red", "alarm") if _is_loss(past) else ("yellow", "worse")
    return f"[{colour}]{word}[/]  {escape(performance_sentence(past.judged.checks))}"


def _is_loss(past: "PastPerformance") -> bool:
    """Whether the step would have failed."""
    return any(check.effect is Verdict.FAILED for check in past.checks)


def _moment(option: str, text: str) -> datetime:
    from stageline.monitoring.windows import in_utc

    try:
        return in_utc(datetime.fromisoformat(text))
    except ValueError:
        raise SpecError(f"{option} is {text!r}; expected ISO 8601, e.g. 2026-03-21 or 2026-03-21T06:00Z") from None
