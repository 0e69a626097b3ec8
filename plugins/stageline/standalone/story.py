"""The demo's pilot, told in acts: a release, a worse candidate refused, a better one released, a rollback, an alarm."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from stageline.demo.calendar import Window, write_window
from stageline.ledger import Ledger
from stageline.standalone.airflow_api import AirflowApi, DagRun, TaskState
from stageline.standalone.approving import APPROVE, answer_when_read
from stageline.standalone.environment import environment
from stageline.standalone.errors import StandaloneError
from stageline.standalone.home import Home
from stageline.standalone.keys import keys_of
from stageline.standalone.runs import first_run_after, follow, trigger
from stageline.standalone.state import Running
from stageline.standalone.summary import records_of, show_addresses, show_run

PIPELINE = "hourly_demand_pilot"
TRAIN, SCORE, MONITOR = f"{PIPELINE}.train", f"{PIPELINE}.score", f"{PIPELINE}.monitor"
_REASON = "the evening planners do not trust the new numbers"


@dataclass(frozen=True)
class Act:
    """One training of the pilot.

    :param title: What happened before it.
    :param window: Hours that the source holds by then.
    :param released: Whether the model is good enough to be released.
    """

    title: str
    window: Window
    released: bool


ACTS = (
    Act("A year of rides: the first model, with nothing to beat yet", Window("2024-01-01", "2025-01-01"), True),
    Act("A clean-up job left three months of rides", Window("2025-02-01", "2025-05-01"), False),
    Act("The lost months are back, and more came in", Window("2024-01-01", "2025-12-01"), True),
)
# What the source holds once the night buses run, and the weeks of a summer in which much went wrong.
NIGHT_BUSES = Window("2024-01-01", "2025-12-08", incidents=True)
SUMMER = ("2025-05-05", "2025-07-28")
_CHAPTERS = len(ACTS) + 3


@dataclass(frozen=True)
class Stage:
    """Where the story is told.

    :param watch: Called while waiting; raises when a server has gone.
    :param seconds: How long one act may take.
    """

    api: AirflowApi
    running: Running
    home: Home
    console: Console
    watch: Callable[[], None]
    seconds: float

    def follow(self, run: DagRun) -> str:
        """Follow one run, and answer its questions; return how it ended."""
        ended = follow(
            self.api, [run], say=self.console.print, watch=self.watch, seconds=self.seconds, asked=self._approve
        )
        return ended[run]

    def begin(self, number: int, title: str) -> None:
        """Print the title of a chapter."""
        self.console.print(f"\n[bold]The pilot, {number} of {_CHAPTERS}: {escape(title)}[/]")

    def show(self, run: DagRun) -> None:
        """Print what a run recorded."""
        records = records_of(run, self.home)
        self.console.print()
        show_run(self.console, run, records)
        show_addresses(self.console, self.api, self.running, run, records)

    def command(self, *arguments: str) -> None:
        """Show a command of `stageline` and what it prints."""
        self.console.print(f"\n[bold]$ stageline {escape(shlex.join(arguments))}[/]", soft_wrap=True)
        done = stageline(self.running, self.home, arguments)
        if done:
            raise StandaloneError(f"stageline {arguments[0]} ended with exit code {done}")

    def _approve(self, run: DagRun, task: TaskState) -> None:
        if answer_when_read(self.api, run, task, APPROVE):
            self.console.print(f"{run.dag_id}  {task.name}: read and approved, in your place")


def tell(stage: Stage) -> bool:
    """Play all acts; return whether each ended as it should.

    :raises StandaloneError: A server goes away, or a run takes too long.
    """
    say = stage.console.print
    if told_before(stage.home):
        say(f"\n{PIPELINE} was released before: its story needs a new start, by `make clean`.")
        stage.command("history", PIPELINE)
        return True
    stage.api.unpause(SCORE)
    good = True
    for number, act in enumerate(ACTS, start=1):
        stage.begin(number, act.title)
        write_window(stage.home.calendar, act.window)
        (run,) = trigger(stage.api, [TRAIN], watch=stage.watch)
        released = stage.follow(run) == "success"
        good = good and released is act.released
        stage.show(run)
        if released:
            good = _score(stage, first_run_after(stage.api, SCORE, run, watch=stage.watch)) and good
    stage.begin(len(ACTS) + 1, "a rollback")
    stage.command("rollback", PIPELINE, "--reason", _REASON)
    # Before the scoring: its predictions start the monitoring.
    stage.api.unpause(MONITOR)
    write_window(stage.home.calendar, NIGHT_BUSES)
    (again,) = trigger(stage.api, [SCORE], watch=stage.watch)
    good = _score(stage, again) and good
    stage.command("verify", PIPELINE)
    stage.command("history", PIPELINE, "--releases")
    return _watch(stage, again) and good


def _watch(stage: Stage, scored: DagRun) -> bool:
    """Let the monitoring find out that the world has changed, then show what it would have said of a summer."""
    stage.begin(len(ACTS) + 2, "night buses start, and no column says so")
    run = first_run_after(stage.api, MONITOR, scored, watch=stage.watch)
    alarmed = stage.follow(run) == "failed"
    stage.show(run)
    stage.command("alerts", PIPELINE)
    stage.begin(len(ACTS) + 3, "a summer in which much went wrong, seen again")
    stage.command("monitor", PIPELINE, "--from", SUMMER[0], "--to", SUMMER[1])
    return alarmed


def told_before(home: Home) -> bool:
    """Return whether the pilot has released anything in this home."""
    file = home.ledger
    if not file.exists():
        return False
    with Ledger.open(f"sqlite:///{file}") as ledger:
        return ledger.head(PIPELINE).generation > 0


def stageline(running: Running, home: Home, arguments: Sequence[str]) -> int:
    """Run the command `stageline` on the stores of a home; return its exit code."""
    program = Path(sys.executable).absolute().parent / "stageline"
    variables = environment(running, home, keys_of(home))
    return subprocess.run([program, *arguments], env=variables, cwd=running.project, check=False).returncode


def _score(stage: Stage, run: DagRun) -> bool:
    ended = stage.follow(run)
    stage.show(run)
    return ended == "success"
