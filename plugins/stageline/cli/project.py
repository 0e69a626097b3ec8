"""What all commands share: the console, the project they are about, who asks, and how a refusal is shown."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from stageline.exceptions import SpecError, StagelineError

if TYPE_CHECKING:
    from stageline.ledger import Ledger
    from stageline.settings import Settings

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

ProjectOption = Annotated[Path, typer.Option("--project", help="Root folder of the project.", file_okay=False)]
NameArgument = Annotated[str, typer.Argument(help="Name of the pipeline.")]


@contextmanager
def refusing() -> Iterator[None]:
    """Print what Stageline refuses as one sentence, without a traceback."""
    try:
        yield
    except StagelineError as error:
        errors.print(f"[red]error:[/red] {escape(str(error))}")
        raise typer.Exit(1) from error


@contextmanager
def opened_ledger(project: Path) -> "Iterator[Ledger]":
    """Yield the project's ledger."""
    settings = settings_of(project)
    from stageline.ledger import Ledger

    with Ledger.open(settings.ledger_url) as ledger:
        yield ledger


def require_known(ledger: "Ledger", name: str | None) -> list[str]:
    """Return the pipelines that are meant: the one that was named, or all that the ledger knows.

    :raises SpecError: The ledger does not know it.
    """
    known = ledger.pipelines()
    if name is not None and name not in known:
        raise SpecError(f"the ledger knows no pipeline {name!r}; it knows: {', '.join(known) or 'none yet'}")
    return known if name is None else [name]


def settings_of(project: Path) -> "Settings":
    """Return where the project keeps things; sets up Airflow's environment first."""
    from stageline.local_run import prepare_environment

    prepare_environment(pipelines_folder(project))
    from stageline.operators.configuration import load_settings

    return load_settings()


def pipelines_folder(project: Path) -> Path:
    """Return the project's folder of specs.

    :raises SpecError: There is none.
    """
    from stageline.spec import find_pipelines_folder

    return find_pipelines_folder(project.resolve())


def shown(path: Path) -> str:
    """Return a path as people read it: from where they are, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def user() -> str:
    """Return who runs the command, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container runs under a number that nobody named
        return f"user {os.getuid()}"
