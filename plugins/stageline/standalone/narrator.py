"""Who tells the demo's stories: starts runs, answers in a person's place, and shows what was recorded."""

import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from stageline.ledger import Head, Ledger
from stageline.standalone.airflow_api import AirflowApi, DagRun, TaskState
from stageline.standalone.approving import APPROVE, answer_when_read
from stageline.standalone.environment import environment
from stageline.standalone.errors import StandaloneError
from stageline.standalone.home import Home
from stageline.standalone.keys import keys_of
from stageline.standalone.runs import first_run_after, follow, trigger
from stageline.standalone.state import Running
from stageline.standalone.summary import records_of, show_addresses, show_run


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Narrator:
    """Tells a story with the servers of a home.

    :param watch: Called while waiting; raises when a server has gone.
    :param seconds: How long one run may take.
    """

    api: AirflowApi
    running: Running
    home: Home
    console: Console
    watch: Callable[[], None]
    seconds: float

    def unpause(self, dag_id: str) -> None:
        """Let a DAG's own runs start."""
        self.api.unpause(dag_id)

    def start(self, dag_id: str) -> DagRun:
        """Start a run of a DAG."""
        (run,) = trigger(self.api, [dag_id], watch=self.watch)
        return run

    def follow(self, run: DagRun, beside: Callable[[], None] = _nothing) -> str:
        """Follow one run, and answer its questions; return how it ended.

        :param beside: What is to be done meanwhile, again and again.
        """

        def wait() -> None:
            self.watch()
            beside()

        ended = follow(self.api, [run], say=self.console.print, watch=wait, seconds=self.seconds, asked=self._approve)
        return ended[run]

    def succeeds(self, run: DagRun) -> bool:
        """Follow one run and show what it recorded; return whether it ended well."""
        ended = self.follow(run)
        self.show(run)
        return ended == "success"

    def next_of(self, dag_id: str, run: DagRun) -> DagRun:
        """Wait for the run of a DAG that another run starts."""
        return first_run_after(self.api, dag_id, run, watch=self.watch)

    def begin(self, chapter: str, title: str) -> None:
        """Print the title of a chapter."""
        self.console.print(f"\n[bold]{escape(chapter)}: {escape(title)}[/]")

    def show(self, run: DagRun) -> None:
        """Print what a run recorded."""
        records = records_of(run, self.home)
        self.console.print()
        show_run(self.console, run, records)
        show_addresses(self.console, self.api, self.running, run, records)

    def command(self, *arguments: str) -> None:
        """Show a command of `stageline` and what it prints.

        :raises StandaloneError: It is refused.
        """
        if done := self._shown(arguments):
            raise StandaloneError(f"stageline {arguments[0]} ended with exit code {done}")

    def refused(self, *arguments: str) -> bool:
        """Show a command of `stageline` that is to be refused, and why; return whether it is."""
        return self._shown(arguments) != 0

    def _shown(self, arguments: Sequence[str]) -> int:
        self.console.print(f"\n[bold]$ stageline {escape(shlex.join(arguments))}[/]", soft_wrap=True)
        return stageline(self.running, self.home, arguments)

    def head(self, pipeline: str) -> Head:
        """Return what a pipeline serves."""
        if not self.home.ledger.exists():
            return Head(pipeline=pipeline)
        with Ledger.open(f"sqlite:///{self.home.ledger}") as ledger:
            return ledger.head(pipeline)

    def told_before(self, pipeline: str) -> bool:
        """Return whether a pipeline has released anything in this home; if so, show its history."""
        if not self.head(pipeline).generation:
            return False
        self.console.print(f"\n{pipeline} was released before: its story needs a new start, by `make clean`.")
        self.command("history", pipeline)
        return True

    def _approve(self, run: DagRun, task: TaskState) -> None:
        if answer_when_read(self.api, run, task, APPROVE):
            self.console.print(f"{run.dag_id}  {task.name}: read and approved, in your place")


def stageline(running: Running, home: Home, arguments: Sequence[str]) -> int:
    """Run the command `stageline` on the stores of a home; return its exit code."""
    program = Path(sys.executable).absolute().parent / "stageline"
    variables = environment(running, home, keys_of(home))
    return subprocess.run([program, *arguments], env=variables, cwd=running.project, check=False).returncode
