"""The command that serves a released model over HTTP."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from stageline.cli.project import NameArgument, ProjectOption, pipelines_folder, refusing, settings_of
from stageline.exceptions import SpecError

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def serve(
    name: NameArgument,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0: one that is free.")] = 8_500,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="File with the token that callers have to show.", dir_okay=False)
    ] = None,
    journal: Annotated[
        Path | None, typer.Option(help="Folder that keeps answers until they are logged, on a disk of this machine.")
    ] = None,
    sync: Annotated[
        bool, typer.Option("--sync", help="Put each answer on the disk before it is given: outlives a power cut.")
    ] = False,
    log_private: Annotated[bool, typer.Option("--log-private", help="Log private features, too.")] = False,
    timeout_ms: Annotated[float, typer.Option(min=1, help="How long an answer may take.")] = 10_000,
    batch_wait_ms: Annotated[float, typer.Option(min=0, help="How long a busy model waits for more rows.")] = 1,
    cache_rows: Annotated[int, typer.Option(min=0, help="Answers that are remembered per model.")] = 0,
    max_rows: Annotated[int, typer.Option(min=1, help="Most rows of a request.")] = 10_000,
    max_bytes: Annotated[int, typer.Option(min=1, help="Largest request.")] = 8_000_000,
    queue_rows: Annotated[int, typer.Option(min=1, help="Most rows that wait for one model.")] = 20_000,
    poll_seconds: Annotated[float, typer.Option(min=0.01, help="Time between two looks at the head.")] = 1,
    flush_seconds: Annotated[float, typer.Option(min=0.01, help="Longest time until an answer is in the log.")] = 5,
    project: ProjectOption = Path(),
) -> None:
    """Serve the released model over HTTP, as MLflow's server does, with its canary; each answer is logged."""
    from stageline.serving.http import Limits, Options, Places
    from stageline.serving.http.options import TOKEN_VARIABLE, VARIABLE
    from stageline.spec import load_pipeline

    with refusing():
        release = load_pipeline(name, pipelines_folder(project)).spec.release
        http = release.http if release else None
        token = _token(token_file, os.environ.get(TOKEN_VARIABLE, ""))
        if not token and host not in _LOOPBACK:
            raise SpecError(
                f"--host {host} lets other machines ask: set {TOKEN_VARIABLE}, or give --token-file, so that they have "
                "to show a token"
            )
        settings = settings_of(project)
        options = Options(
            pipeline=name,
            places=Places(
                project.resolve(), settings.tables, settings.ledger_url, settings.tracking_uri, settings.trusted_types,
                journal and journal.resolve(),
            ),
            host=host, port=port, poll_seconds=poll_seconds, flush_seconds=flush_seconds, sync=sync,
            private=log_private or bool(http and http.log_private),
            limits=Limits(
                body_bytes=max_bytes, rows=max_rows, queued_rows=queue_rows, batch_wait_ms=batch_wait_ms,
                timeout_ms=timeout_ms, cached_rows=cache_rows,
            ),
        )  # fmt: skip
    environment = {
        **os.environ,
        VARIABLE: options.as_text(),
        TOKEN_VARIABLE: token,
        # A model's own types, such as those in Airflow's folder of plugins, are found where they are found here.
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    # In the place of this process, which had to load Airflow to know where things are; its id stays.
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", "stageline.serving.http"], environment)  # noqa: S606 - fixed


def _token(file: Path | None, given: str) -> str:
    """Return what callers have to show.

    :raises SpecError: The file cannot be read, or is empty.
    """
    if file is None:
        return given.strip()
    try:
        found = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"the token file {str(file)!r} cannot be read: {error}") from error
    if not found:
        raise SpecError(f"the token file {str(file)!r} is empty; write a token into it")
    return found
